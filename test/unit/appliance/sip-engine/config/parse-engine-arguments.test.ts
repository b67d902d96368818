import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOperatingError } from '../../../../../cluster/base/errors.js';
import type { EngineConfig } from '../../../../../appliance/sip-engine/config/engine-config.js';
import {
  ENGINE_HELP,
  parseEngineArguments,
  wantsHelp,
} from '../../../../../appliance/sip-engine/config/parse-engine-arguments.js';
import { projectRoot } from '../../../../support/project-files.js';
import { assert, spec } from '../../../../support/spec.js';

const LEAST = ['--secret', 'S', '--listen', 'udp:127.0.0.1:5060'];

type Files = Readonly<Record<string, string>>;

function parse(argv: readonly string[], files: Files = {}, environment: Files = {}): EngineConfig {
  return parseEngineArguments(argv, environment, (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: no such file: ${path}`);
    return text;
  });
}

/** With the file's fields, a secret and a listen. */
function parseFile(fields: object, ...argv: readonly string[]): EngineConfig {
  return parse([...LEAST, '--config', 'c', ...argv], { c: JSON.stringify(fields) });
}

/** The lines with what is wrong. */
function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (!isOperatingError(error, 'SIP_CONFIG_INVALID')) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

function fileProblems(fields: object, ...argv: readonly string[]): string[] {
  return problemsOf(() => parseFile(fields, ...argv));
}

function assertProblems(problems: readonly string[], ...patterns: readonly RegExp[]): void {
  assert.is(problems.length, patterns.length, problems.join('\n'));
  for (const [index, pattern] of patterns.entries()) assert.match(problems[index] ?? '', pattern);
}

spec('the configuration of the engine: defaults and files', (it) => {
  it('needs a secret and a place to listen, and has a default for everything else', () => {
    const config = parse(LEAST);
    assert.equal(config, {
      control: [{ address: '127.0.0.1', port: 9022 }],
      secret: 'S',
      listen: [{ protocol: 'udp', address: '127.0.0.1', port: 5060, localNets: [], addressId: 'x0' }],
      serviceAddresses: [],
      timers: { t1Ms: 500, t2Ms: 4000, t4Ms: 5000, timerDMs: 32_000, timerCMs: 185_000 },
      mtu: 1300,
      natDetection: true,
      sessionTimers: { minSe: 90, defaultRefresher: 'none' },
      cdrs: true,
      limits: {
        transactionsMax: 100_000,
        dialogsMax: 50_000,
        connectionsMax: 10_000,
        connectionsPerSource: 100,
        datagramsPerSecondPerSource: 10_000,
        trustedSources: [],
      },
      requestHandlers: [],
      log: { level: 'info' },
      pendingInviteMs: 2000,
    });
  });

  it('is frozen to the last list', () => {
    const config = parse(LEAST);
    assert.throws(() => (config.listen as unknown[]).push(1), /not extensible/);
    assert.throws(() => ((config.timers as { t1Ms: number }).t1Ms = 1), /read only/);
  });

  it('takes every field from a file', () => {
    const config = parseFile({
      tls: { keyFile: 'k', certFile: 'c', caFile: 'a', ticketKeysFile: 't', rejectUnauthorized: false },
      control: ['[::1]:0', { address: 'engine.example', port: 9023, tls: { keyFile: 'x', certFile: 'y' } }],
      timers: { t1Ms: 100 },
      outboundProxy: 'sip:proxy.example;lr',
      proxyKeyFile: 'p',
      sessionTimers: { minSe: 120, defaultRefresher: 'uas' },
      limits: { dialogsMax: 5, datagramsPerSecondPerSource: 0, trustedSources: ['10.0.0.0/8', '::1'] },
      digest: { realm: 'ward', keyFile: 'k', credentialsFile: 'f', methods: ['REGISTER', 'INVITE'] },
      requestHandlers: [
        { method: 'INVITE', url: 'http://h/', httpMethod: 'POST' },
        { url: 'tcp:127.0.0.1:1' },
      ],
      continuity: {
        own: '127.0.0.1:1',
        partner: '[fd00::2]:1',
        tls: { keyFile: 'k', certFile: 'c' },
        generation: 7,
      },
      metrics: '127.0.0.1:9100',
      admin: 'run/engine.sock',
      userAgent: 'U',
      server: 'V',
      log: { level: 'warn' },
      natDetection: false,
      mtu: null,
    });
    assert.equal(config.control, [
      { address: '::1', port: 0 },
      { address: 'engine.example', port: 9023, tls: { keyFile: 'x', certFile: 'y' } },
    ]);
    assert.is(config.tls?.rejectUnauthorized, false);
    assert.is(config.timers.t2Ms, 4000);
    assert.is(config.outboundProxy?.host, 'proxy.example');
    assert.is(config.proxyKeyFile, 'p');
    assert.equal(config.digest?.exemptSources, []);
    assert.equal(config.digest?.algorithms, ['SHA-256', 'MD5']);
    assert.is(config.requestHandlers[1]?.method, '*');
    assert.is(config.requestHandlers[1]?.timeoutMs, 3000);
    assert.equal(config.continuity?.partner, { host: 'fd00::2', port: 1 });
    assert.is(config.continuity?.heldMs, 30);
    assert.is(config.continuity?.generation, 7);
    assert.is(config.mtu, 1300, 'null is the default');
  });

  it('lets the command line win over the file, field by field, and a list replace a list', () => {
    const file = {
      mtu: 1200,
      tls: { keyFile: 'k', certFile: 'c' },
      listen: ['udp:127.0.0.1:1', 'udp:127.0.0.1:2'],
    };
    const config = parseFile(file, '--mtu', '0', '--key-file=other');
    assert.is(config.mtu, 0);
    assert.equal(config.tls, { keyFile: 'other', certFile: 'c', rejectUnauthorized: true });
    assert.is(config.listen.length, 1);
  });

  it('tells all problems at once, each with its field or option and what to write', () => {
    const problems = fileProblems(
      { mtuu: 1, timers: { t1: 5, t2Ms: '4' }, natDetection: 'yes', sessionTimers: { minSe: 10 } },
      '--mtu',
      'big',
      '--lissten',
      'udp:127.0.0.1:1',
    );
    assertProblems(
      problems,
      /^--lissten: there is no such option\. Did you mean --listen\?$/,
      /^timers\.t2Ms: "4" will not do\. Write a whole number from 1 to 2147483647 \(milliseconds\)\.$/,
      /^timers\.t1: there is no such field\. Did you mean t1Ms\?$/,
      /^--mtu: "big" will not do\. /,
      /^natDetection: "yes" is neither true nor false/,
      /^sessionTimers\.minSe: 10 will not do\. Write a whole number from 90/,
      /^mtuu: there is no such field\. Did you mean mtu\?$/,
    );
  });

  it('refuses what is of the wrong kind wherever it stands', () => {
    assertProblems(
      fileProblems({ limits: [], requestHandlers: {}, digest: 5, log: { level: 'loud' }, control: [5] }),
      /^control\[0\]: 5 is no object/,
      /^limits: a list is no object/,
      /^digest: 5 is no object/,
      /^requestHandlers: an object is no list/,
      /^log\.level: "loud" is not known\. Write one of debug, /,
    );
    assertProblems(
      fileProblems({ limits: { trustedSources: ['10.0.0.0/33', 5] }, userAgent: 'a\r\nB: c', server: '' }),
      /^limits\.trustedSources\[0\]: it is neither an address nor a network/,
      /^limits\.trustedSources\[1\]: 5 is no text/,
      /^userAgent: it has a character/,
      /^server: "" is no text/,
    );
  });

  it('says when a file is missing or no JSON, without judging what may stand in it', () => {
    assertProblems(
      problemsOf(() => parse(['--config', 'gone', '--mtus', '5'])),
      /^--mtus: .*--mtu\?/,
      /^--config: "gone" cannot be read: ENOENT/,
    );
    for (const c of ['{"secret":"S3CRET",}', '[]', '']) {
      const [problem, ...others] = problemsOf(() => parse(['--config', 'c'], { c }));
      assert.equal(others, []);
      assert.match(problem ?? '', /^--config: "c" is no JSON object/);
      assert.not.match(problem ?? '', /S3CRET/);
    }
  });

  it('knows no field by the name of something every object has', () => {
    const c = '{"__proto__": {"mtu": 5}, "constructor": 1, "toString": 2}';
    assert.is(problemsOf(() => parse([...LEAST, '--config', 'c'], { c })).length, 3);
    assert.match(problemsOf(() => parse([...LEAST, '--toString']))[0] ?? '', /no such option/);
  });
});

spec('the secret of the control port', (it) => {
  const listen = LEAST.slice(2);
  const secretOf = (argv: readonly string[], files: Files = {}, environment: Files = {}): string =>
    parse([...listen, ...argv], files, environment).secret;

  it('comes from the command line, a file, the environment or the configuration, in this order', () => {
    const files = { s: 'of-file\n', c: '{"secret":"of-config"}', d: '{"secretFile":"s"}' };
    const environment = { WARDLINE_SIP_SECRET: 'of-environment' };
    assert.is(secretOf(['--secret', 'a', '--config', 'c'], files, environment), 'a');
    assert.is(secretOf(['--secret-file', 's', '--config', 'c'], files, environment), 'of-file');
    assert.is(secretOf(['--config', 'c'], files, environment), 'of-environment');
    assert.is(secretOf(['--config', 'c'], files, { WARDLINE_SIP_SECRET: '' }), 'of-config');
    assert.is(secretOf(['--config', 'd'], files), 'of-file');
  });

  it('is refused when there is none, or one that no application could say', () => {
    const none = /there is none, and everybody could command the engine/;
    assertProblems(
      problemsOf(() => secretOf([])),
      none,
    );
    assertProblems(
      problemsOf(() => secretOf([], {}, { DRACHTIO_SECRET: 'cymru' })),
      none,
    );
    assertProblems(
      problemsOf(() => secretOf(['--secret', 'a|b'])),
      /^--secret: it has a bar/,
    );
    assertProblems(
      problemsOf(() => secretOf(['--secret-file', 's'], { s: '\n' })),
      /^secret: "" is no text/,
    );
  });

  it('is given once', () => {
    assertProblems(
      problemsOf(() => secretOf(['--secret', 'a', '--secret-file', 's'], { s: 'b' })),
      /^--secret-file: there is a secret besides/,
    );
    assertProblems(
      problemsOf(() => secretOf(['--secret', 'a', '--secret', 'b'])),
      /^--secret: it is given twice/,
    );
  });

  it('is told as unreadable only, when its file is', () => {
    assertProblems(
      problemsOf(() => secretOf(['--secret-file', 's'])),
      /^--secret-file: "s" cannot be read: ENOENT/,
    );
  });

  it('is never shown', () => {
    const told = [
      problemsOf(() => secretOf(['--secrte', 'HIDDEN'])),
      problemsOf(() => secretOf(['--secret', 'S', 'HIDDEN'])),
      problemsOf(() => secretOf(['--secret', 'HIDDEN|', '--secret=HIDDEN'])),
      problemsOf(() => secretOf(['--config', 'c'], { c: '{"secret": 471147}' })),
    ].flat();
    assert.is(told.length, 5, told.join('\n'));
    assert.not.match(told.join('\n'), /HIDDEN|471147/);
  });
});

spec('where the engine listens', (it) => {
  const parseListens = (...argv: readonly string[]): string[] =>
    parse(['--secret', 'S', ...argv]).listen.map(
      ({ protocol, address, port, addressId, externalAddress, localNets }) =>
        [protocol, address, port, addressId, externalAddress, ...localNets].join(' ').trim(),
    );
  const files = ['--key-file', 'k', '--cert-file', 'c'];

  it('is said by protocol, address and port, IPv6 in brackets', () => {
    const argv = [
      '--listen',
      'udp:[::1]:5060',
      '--listen=tcp:192.0.2.1:0',
      '--listen',
      'tls:*:5061',
      ...files,
    ];
    assert.equal(parseListens(...argv), ['udp ::1 5060 x0', 'tcp 192.0.2.1 0 x1', 'tls * 5061']);
  });

  it('has the id of the service address it is on, and one of its own elsewhere', () => {
    const argv = ['--service-address', 'A=192.0.2.1', '--service-address', 'B6=2001:DB8:0::2'];
    const listens = [
      'udp:192.0.2.1:5060',
      'tcp:192.0.2.1:5060',
      'udp:[2001:db8::2]:5060',
      'udp:127.0.0.1:1',
      'tcp:127.0.0.1:1',
    ];
    assert.equal(parseListens(...argv, ...listens.flatMap((listen) => ['--listen', listen])), [
      'udp 192.0.2.1 5060 A',
      'tcp 192.0.2.1 5060 A',
      'udp 2001:db8::2 5060 B6',
      'udp 127.0.0.1 1 x0',
      'tcp 127.0.0.1 1 x0',
    ]);
  });

  it('may be written as drachtio-server has it', () => {
    const argv = [
      '--contact',
      'sip:*;transport=udp',
      '--contact',
      'sip:192.0.2.1:5080;transport=udp,tcp',
      '--external-ip',
      '203.0.113.1',
    ];
    const more = [
      '--local-net',
      '10.0.0.0/8',
      '--local-net',
      '192.168.0.0/16',
      '--contact',
      'sips:192.0.2.1',
      ...files,
    ];
    assert.equal(parseListens(...argv, ...more), [
      'udp * 5060',
      'udp 192.0.2.1 5080 x0 203.0.113.1 10.0.0.0/8 192.168.0.0/16',
      'tcp 192.0.2.1 5080 x0 203.0.113.1 10.0.0.0/8 192.168.0.0/16',
      'tls 192.0.2.1 5061 x0',
    ]);
    assert.equal(parseListens('--contact', 'sip:0.0.0.0'), ['udp * 5060', 'tcp * 5060']);
  });

  it('has its control port as drachtio-server writes it', () => {
    const control = (...argv: readonly string[]): unknown => parse([...LEAST, ...argv]).control;
    assert.equal(control('--port', '9000'), [{ address: '127.0.0.1', port: 9000 }]);
    assert.equal(control('--address', '::1', '--tls-port', '9023', ...files), [
      { address: '::1', port: 9023, tls: { keyFile: 'k', certFile: 'c' } },
    ]);
  });

  it('is refused when it is no place where anything could answer', () => {
    const told = (...argv: readonly string[]): string[] => problemsOf(() => parseListens(...argv));
    assertProblems(told(), /^listen: there is none/);
    for (const wrong of [
      '5060',
      'udp:::1:5060',
      'udp:127.0.0.1',
      'udp:127.0.0.1:70000',
      'ws:127.0.0.1:80',
      'udp:*:',
    ])
      assertProblems(told('--listen', wrong), /^--listen: ".*" is no socket\. Write udp:ADDRESS:PORT/);
    assertProblems(told('--listen', 'udp:name.example:5060'), /^--listen: it is no numeric address/);
    assertProblems(
      told('--listen', 'udp:0.0.0.0:5060'),
      /^--listen: 0\.0\.0\.0 is no address that can answer\. Write \*/,
    );
    assertProblems(told('--listen', 'tls:127.0.0.1:5061'), /^--listen: tls needs a key and a certificate/);
    assertProblems(told('--contact', 'sip:127.0.0.1;transport=wss'), /^--contact: .* is no socket/);
    assertProblems(
      told('--listen', 'udp:[::1]:1', '--listen', 'udp:[0::1]:1'),
      /^--listen: it is there already/,
    );
    assertProblems(told(...LEAST.slice(2), '--external-ip', 'x'), /^--external-ip: it is no numeric address/);
    assertProblems(
      told('--external-ip', '192.0.2.1', ...LEAST.slice(2)),
      /^--external-ip: it has nothing to be about/,
    );
  });

  it('refuses service addresses that could not be told apart', () => {
    const told = (...texts: readonly string[]): string[] =>
      problemsOf(() =>
        parseListens(...LEAST.slice(2), ...texts.flatMap((text) => ['--service-address', text])),
      );
    for (const wrong of [
      '=192.0.2.1',
      'a-b=192.0.2.1',
      'x0=192.0.2.1',
      'A=name',
      '192.0.2.1',
      `${'a'.repeat(17)}=::1`,
    ])
      assertProblems(told(wrong), /^--service-address: .*Write ID=ADDRESS/);
    assertProblems(told('A=192.0.2.1', 'A=192.0.2.2'), /its id or its address/);
    assertProblems(told('A=::1', 'B=0::1'), /its id or its address/);
  });
});

spec('the rest of the command line', (it) => {
  it('has the names that drachtio-server gives to log levels, handlers and metrics', () => {
    const config = parse([
      ...[
        ...LEAST,
        '--loglevel',
        'notice',
        '--http-handler',
        'https://h.example/route',
        '--http-method',
        'POST',
      ],
      ...['--prometheus-scrape-port', '9100', '--disable-nat-detection', '--trusted-source', '10.0.0.0/8'],
    ]);
    assert.is(config.log.level, 'info');
    assert.equal(config.requestHandlers, [
      { method: '*', url: 'https://h.example/route', httpMethod: 'POST', timeoutMs: 3000 },
    ]);
    assert.equal(config.metrics, { host: '0.0.0.0', port: 9100 });
    assert.is(config.natDetection, false);
    assert.equal(config.limits.trustedSources, ['10.0.0.0/8']);
  });

  it('refuses options without their value, flags with one, and words that belong to nothing', () => {
    const told = (...argv: readonly string[]): string[] => problemsOf(() => parse([...LEAST, ...argv]));
    assertProblems(told('--mtu'), /^--mtu: it needs a value\. Write --mtu BYTES\.$/);
    assertProblems(told('--mtu', '--no-cdrs'), /^--mtu: it needs a value/);
    assertProblems(told('--no-cdrs=true'), /^--no-cdrs: it takes no value/);
    assertProblems(told('start'), /^argument 5: it belongs to no option/);
    assertProblems(told('--daemon'), /^--daemon: there is no such option\. Leave it out\.$/);
    assertProblems(told('--http-method', 'POST'), /^--http-handler: it is missing/);
  });

  it('refuses rules that contradict each other', () => {
    const twice = [
      { method: 'INVITE', url: 'http://a/' },
      { method: 'INVITE', url: 'http://b/' },
    ];
    assertProblems(
      fileProblems({ requestHandlers: twice }),
      /^requestHandlers\[1\]\.method: INVITE has a handler/,
    );
    assertProblems(fileProblems({ continuity: { own: 'a:1' } }), /^continuity\.partner: it is missing/);
    assertProblems(fileProblems({ continuity: { own: 'a:1', partner: 'a:1' } }), /it is the own store/);
    assertProblems(
      fileProblems({ digest: { realm: 'a"b', keyFile: 'k', algorithms: ['SHA'] } }),
      /^digest\.algorithms\[0\]: it is no algorithm/,
      /^digest\.realm: it has a quote/,
      /^digest\.credentialsFile: it is missing/,
    );
    const told = fileProblems({ requestHandlers: [{ method: 'invite', url: 'ftp://u:HIDDEN@h/' }] });
    assertProblems(told, /\[0\]\.method: it is no SIP method/, /\[0\]\.url: it is no URL of a handler/);
    assert.not.match(told.join(), /HIDDEN/);
  });

  it('is told by --help, every option on a line', () => {
    assert.ok(wantsHelp(['--secret', 'S', '--help']));
    assert.not.ok(wantsHelp(LEAST));
    for (const line of ['--secret-file FILE', '--listen PROTOCOL:ADDRESS:PORT', '--disable-nat-detection'])
      assert.ok(ENGINE_HELP.includes(`\n  ${line} `), line);
  });

  it('is explained in docs/sip-engine.md, option by option and default by default', () => {
    const document = readFileSync(join(projectRoot, 'docs/sip-engine.md'), 'utf8');
    for (const [, option] of ENGINE_HELP.matchAll(/^ {2}(--[a-z-]+)/gm))
      assert.ok(document.includes(`\`${option ?? ''}`), `${option ?? ''} is not there`);
    const { limits, timers } = parse(LEAST);
    for (const [name, value] of [...Object.entries(limits), ...Object.entries(timers)])
      if (typeof value === 'number')
        assert.match(document, new RegExp(`${name}\`.*\\| ${String(value)} `), `the default of ${name}`);
  });
});
