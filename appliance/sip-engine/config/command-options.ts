/** The options of the engine's command line, one line each; names of drachtio-server are kept where it has the option. */
import type { CommandDraft } from './command-draft.js';

export interface CommandOption {
  /** What the value is, for the help; absent: it takes none. */
  readonly value?: string;
  readonly help: string;
  readonly apply: (draft: CommandDraft, value: string, option: string) => void;
}

type Apply = CommandOption['apply'];

const toText =
  (path: string): Apply =>
  (draft, value, option) => {
    draft.set(path, value, option);
  };

const toNumber =
  (path: string): Apply =>
  (draft, value, option) => {
    draft.setNumber(path, value, option);
  };

const toFalse =
  (path: string): Apply =>
  (draft, _, option) => {
    draft.set(path, false, option);
  };

const toList =
  (path: string): Apply =>
  (draft, value, option) => {
    draft.append(path, value, option);
  };

/** drachtio-server has two names for levels that we have not. */
const LEVEL_NAMES: Readonly<Record<string, string>> = { notice: 'info', warning: 'warn' };

const toLogLevel: Apply = (draft, value, option) => {
  draft.set('log.level', LEVEL_NAMES[value] ?? value, option);
};

export const COMMAND_OPTIONS: Readonly<Record<string, CommandOption>> = {
  config: {
    value: 'FILE',
    help: 'JSON with the fields of docs/sip-engine.md; options win over it',
    apply: (draft, value) => {
      draft.configFile = value;
    },
  },
  control: {
    value: '[tls:]HOST:PORT',
    help: 'where applications connect (several; default 127.0.0.1:9022)',
    apply: toList('control'),
  },
  secret: {
    value: 'TEXT',
    help: 'what applications say there; everybody on this machine can read it in the list of processes',
    apply: toText('secret'),
  },
  'secret-file': {
    value: 'FILE',
    help: 'holds the secret; the environment variable WARDLINE_SIP_SECRET may, too',
    apply: (draft, value) => {
      draft.secretFile = value;
    },
  },
  listen: {
    value: 'PROTOCOL:ADDRESS:PORT',
    help: 'SIP socket: udp, tcp or tls; ADDRESS as 192.0.2.1, [2001:db8::1] or * (several)',
    apply: (draft, value, option) => {
      draft.addListen(value, option);
    },
  },
  contact: {
    value: 'URI',
    help: 'the same as drachtio-server writes it: "sip:*:5060;transport=udp,tcp" (several)',
    apply: (draft, value, option) => {
      draft.addContact(value, option);
    },
  },
  'external-ip': {
    value: 'ADDRESS',
    help: 'of the --listen or --contact before it: what peers behind a NAT are told',
    apply: (draft, value, option) => {
      draft.setExternalAddress(value, option);
    },
  },
  'local-net': {
    value: 'NETWORK',
    help: 'of the --listen or --contact before it: peers on this side of the NAT (several)',
    apply: (draft, value, option) => {
      draft.addLocalNet(value, option);
    },
  },
  'service-address': {
    value: 'ID=ADDRESS',
    help: 'an address that moves between two nodes (several)',
    apply: toList('serviceAddresses'),
  },
  'key-file': { value: 'FILE', help: 'key of tls sockets, PEM', apply: toText('tls.keyFile') },
  'cert-file': {
    value: 'FILE',
    help: 'certificate of tls sockets with its chain, PEM',
    apply: toText('tls.certFile'),
  },
  'ca-file': { value: 'FILE', help: 'authorities to believe, PEM', apply: toText('tls.caFile') },
  'ticket-keys-file': {
    value: 'FILE',
    help: '48 bytes that both nodes share, for sessions to be resumed',
    apply: toText('tls.ticketKeysFile'),
  },
  'proxy-key-file': {
    value: 'FILE',
    help: '16 bytes or more that both nodes share, for proxied calls to outlive one of them',
    apply: toText('proxyKeyFile'),
  },
  mtu: {
    value: 'BYTES',
    help: 'larger requests go over TCP (default 1300; 0: never)',
    apply: toNumber('mtu'),
  },
  'outbound-proxy': {
    value: 'URI',
    help: 'where requests go that no route leads elsewhere',
    apply: toText('outboundProxy'),
  },
  'disable-nat-detection': {
    help: 'believe a Contact that differs from where requests come from',
    apply: toFalse('natDetection'),
  },
  'no-cdrs': { help: 'no call records for applications', apply: toFalse('cdrs') },
  'trusted-source': {
    value: 'NETWORK',
    help: 'has no limits per source (several)',
    apply: (draft, value) => {
      draft.addTrustedSource(value, '--trusted-source');
    },
  },
  'http-handler': {
    value: 'URL',
    help: 'HTTP service that is asked where requests go, or tcp:/tls: with the application itself',
    apply: (draft, value, option) => {
      draft.setHandlerPart('url', value, option);
    },
  },
  'http-method': {
    value: 'GET|POST',
    help: 'how it is asked (default GET)',
    apply: (draft, value, option) => {
      draft.setHandlerPart('httpMethod', value, option);
    },
  },
  'user-agent': { value: 'TEXT', help: 'User-Agent of requests (default none)', apply: toText('userAgent') },
  server: { value: 'TEXT', help: 'Server of responses (default none)', apply: toText('server') },
  'continuity-own': {
    value: 'HOST:PORT',
    help: 'store of this node for what its partner takes over',
    apply: toText('continuity.own'),
  },
  'continuity-partner': {
    value: 'HOST:PORT',
    help: 'store of the partner',
    apply: toText('continuity.partner'),
  },
  'continuity-password-file': {
    value: 'FILE',
    help: 'password of both stores',
    apply: toText('continuity.passwordFile'),
  },
  generation: {
    value: 'NUMBER',
    help: 'of the ownership under which this engine starts',
    apply: toNumber('continuity.generation'),
  },
  metrics: { value: 'HOST:PORT', help: 'where Prometheus reads', apply: toText('metrics') },
  'prometheus-scrape-port': {
    value: '[HOST:]PORT',
    help: 'the same as drachtio-server writes it',
    apply: (draft, value, option) => {
      draft.set('metrics', value.includes(':') ? value : `0.0.0.0:${value}`, option);
    },
  },
  admin: { value: 'PATH', help: 'unix socket for the commands of an operator', apply: toText('admin') },
  'log-level': { value: 'LEVEL', help: 'debug, info (default), warn, error or silent', apply: toLogLevel },
  loglevel: { value: 'LEVEL', help: 'the same; notice and warning are known, too', apply: toLogLevel },
  'pending-invite': {
    value: 'MS',
    help: 'how long a call waits for a successor of its application (default 2000)',
    apply: toNumber('pendingInviteMs'),
  },
  address: {
    value: 'HOST',
    help: 'control address as drachtio-server writes it, with --port',
    apply: (draft, value) => {
      draft.setControlPart('address', value);
    },
  },
  port: {
    value: 'PORT',
    help: 'control port, the same',
    apply: (draft, value) => {
      draft.setControlPart('tcp', value);
    },
  },
  'tls-port': {
    value: 'PORT',
    help: 'control port with TLS, the same',
    apply: (draft, value) => {
      draft.setControlPart('tls', value);
    },
  },
  help: {
    help: 'this text',
    apply: () => undefined,
  },
};

function helpLine([name, { value, help }]: [string, CommandOption]): string {
  const usage = value === undefined ? `--${name}` : `--${name} ${value}`;
  return `  ${usage.padEnd(38)} ${help}`;
}

export const ENGINE_HELP = `Usage: sip-engine --listen udp:ADDRESS:PORT --secret-file FILE [options]

A SIP engine for applications that speak drachtio's control protocol.

${Object.entries(COMMAND_OPTIONS).map(helpLine).join('\n')}
`;
