/**
 * Who may import whom: the import table of the project as rules. One rule per sentence of the table;
 * test/unit/dependency-rules.test.ts injects one violation after the other and sees each caught by its rule.
 *
 *   cluster/base <- firmware-config <- cluster <- appliance | ops <- web-admin        (test sees everything)
 *
 * Type-only imports count (tsPreCompilationDeps): who needs another room's types depends on that room. Only
 * cycles are judged by what remains at run time.
 *
 * @type {import('dependency-cruiser').IConfiguration}
 */
'use strict';

const ROOMS = '^(appliance|cluster|firmware-config|ops|web-admin)/';
const BASE = '^cluster/base/';
/** Entry points; what they may wire is a matter of layers, not of folders. */
const MAIN = '[/-]main[.]m?ts$';
const PURE = '^appliance/(call|routing|queue)/';
const VAULT_PROTOCOL = '^appliance/key-vault/vault-protocol[.]ts$';
/** A port's file is named after it: store-port.ts, call-record-read-port.ts. */
const PORT = '[^/]*-port[.]ts$';
/** One folder of appliance that is neither pure nor a process of its own. */
const ADAPTER = '^appliance/(?!call/|routing/|queue/|sip-engine/|key-vault/)([^/]+)/';
const NPM = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled', 'npm-no-pkg', 'npm-unknown'];
const TYPES_ONLY = ['type-only', 'type-import'];

/** Each package has one room: when its interface changes, one adapter changes. */
const PACKAGE_ROOMS = [
  { package: 'drachtio-srf', names: 'drachtio-srf', room: '^appliance/signalling/' },
  { package: 'rtpengine-client', names: 'rtpengine-client', room: '^appliance/media/' },
  { package: 'rqlite-js', names: 'rqlite-js', room: '^cluster/store/' },
  { package: 'redis', names: 'redis|@redis/[^/]+|ioredis', room: '^cluster/live-state/' },
  { package: 'openpgp', names: 'openpgp', room: '^appliance/(recording|key-vault)/' },
  { package: 'node-cron', names: 'node-cron', room: '^ops/schedule(/|[.]ts$)' },
  { package: 'systemd-notify', names: 'systemd-notify', room: '^cluster/base/service-notify[.]ts$' },
  { package: 'prom-client', names: 'prom-client', room: '^appliance/sip-engine/observability/' },
  { package: 'fastify', names: 'fastify|fastify-plugin|@fastify/[^/]+', room: '^web-admin/' },
  { package: 'argon2', names: '@node-rs/argon2', room: '^web-admin/identity/passwords[.]ts$' },
  { package: 'jose', names: 'jose', room: '^web-admin/identity/session-tokens[.]ts$' },
  {
    package: 'simplewebauthn-server',
    names: '@simplewebauthn/server',
    room: '^web-admin/identity/passkeys[.]ts$',
  },
  {
    package: 'browser-libraries',
    names: 'react|react-dom|antd|@ant-design/[^/]+|echarts|@simplewebauthn/browser',
    room: '^web-admin/pages/',
  },
  { package: 'pino', names: 'pino|pino-[^/]+', room: '^cluster/base/' },
  { package: 'uvu', names: 'uvu', room: '^test/support/' },
];

function packageRule({ package: name, names, room }) {
  return {
    name: `package-${name}`,
    comment: `${name} is imported in ${room} only.`,
    severity: 'error',
    from: { path: `${ROOMS}|^test/`, pathNot: [room, ...(name === 'uvu' ? [] : ['^test/'])] },
    to: { path: `(^|node_modules/)(${names})(/|$)` },
  };
}

/** A folder that may import only what is listed, of the project; packages have their own rules. */
function roomRule(name, comment, from, allowed) {
  return { name, comment, severity: 'error', from, to: { path: `${ROOMS}|^test/`, pathNot: allowed } };
}

module.exports = {
  forbidden: [
    roomRule('base-stands-alone', 'cluster/base imports nothing of the project.', { path: BASE }, [BASE]),
    roomRule(
      'firmware-config-imports',
      'firmware-config is data about a site: it imports cluster/base only.',
      { path: '^firmware-config/' },
      ['^firmware-config/', BASE],
    ),
    roomRule(
      'cluster-imports',
      'The replicated layer knows no telephony; of the configuration it knows the schema.',
      { path: '^cluster/', pathNot: [BASE, MAIN] },
      ['^cluster/', '^firmware-config/schema/'],
    ),
    roomRule(
      'call-imports',
      'The lowest of the pure folders: call imports cluster/base only.',
      { path: '^appliance/call/' },
      ['^appliance/call/', BASE],
    ),
    roomRule('routing-imports', 'Routing imports call and cluster/base.', { path: '^appliance/routing/' }, [
      '^appliance/(routing|call)/',
      BASE,
    ]),
    roomRule('queue-imports', 'The queue imports call and cluster/base.', { path: '^appliance/queue/' }, [
      '^appliance/(queue|call)/',
      BASE,
    ]),
    {
      name: 'pure-core-no-node',
      comment:
        'Decisions about calls are pure functions: no module of Node, not even by way of cluster/base.',
      severity: 'error',
      from: { path: PURE },
      to: { path: '^node:|^cluster/base/(log|local-rpc|service-notify)[.]ts$' },
    },
    {
      name: 'pure-core-no-builtin',
      comment: 'The same for modules of Node without their prefix.',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-core-no-npm',
      comment: 'Decisions about calls depend on no package.',
      severity: 'error',
      from: { path: PURE },
      to: { dependencyTypes: NPM },
    },
    roomRule(
      'sip-engine-imports',
      'The SIP engine knows nothing of hospitals: it imports cluster/base.',
      { path: '^appliance/sip-engine/', pathNot: '^appliance/sip-engine/main[.]ts$' },
      ['^appliance/sip-engine/', BASE],
    ),
    roomRule(
      'sip-engine-main-imports',
      "The engine's main.ts, besides, wires cluster/live-state behind its continuity port.",
      { path: '^appliance/sip-engine/main[.]ts$' },
      ['^appliance/sip-engine/', BASE, '^cluster/live-state/'],
    ),
    roomRule(
      'adapter-imports',
      'An adapter knows its own folder, types of call, cluster/base, the vault protocol and ports of the cluster.',
      { path: ADAPTER, pathNot: MAIN },
      [
        '^appliance/$1/',
        '^appliance/call/',
        BASE,
        VAULT_PROTOCOL,
        `^cluster/(live-state|store|audit)/${PORT}`,
      ],
    ),
    {
      name: 'adapter-call-types-only',
      comment: 'An adapter takes types from call; what call decides reaches it as an effect.',
      severity: 'error',
      from: { path: ADAPTER, pathNot: MAIN },
      to: { path: '^appliance/call/', dependencyTypesNot: TYPES_ONLY },
    },
    roomRule(
      'appliance-layer',
      'Entry points and files directly in appliance/ wire what is below, never ops or web-admin.',
      { path: '^appliance/([^/]+[.]ts$|.*main[.]ts$)' },
      ['^(appliance|cluster|firmware-config)/'],
    ),
    roomRule(
      'key-vault-imports',
      'The vault runs apart: cluster/base and the pure verifier of cluster/audit, nothing else.',
      { path: '^appliance/key-vault/' },
      ['^appliance/key-vault/', BASE, '^cluster/audit/verify[^/]*[.]ts$'],
    ),
    {
      name: 'key-vault-only-by-protocol',
      comment: 'Keys stay where they are: all others talk to the vault and know its protocol only.',
      severity: 'error',
      from: { path: ROOMS, pathNot: '^appliance/key-vault/' },
      to: { path: '^appliance/key-vault/', pathNot: VAULT_PROTOCOL },
    },
    roomRule(
      'ops-imports',
      'Operations drive a node through its admin socket, so that they work on the DR site, too.',
      { path: '^ops/' },
      ['^(ops|cluster|firmware-config)/'],
    ),
    {
      name: 'setup-stands-alone',
      comment: 'ops/setup runs before anything is installed or compiled: only itself and Node.',
      severity: 'error',
      from: { path: '^ops/setup/' },
      to: { pathNot: '^ops/setup/', dependencyTypesNot: ['core'] },
    },
    roomRule(
      'web-admin-imports',
      'The panel shows: ops, read ports of the cluster, the schema, types of the vault protocol.',
      { path: '^web-admin/', pathNot: MAIN },
      ['^(web-admin|ops)/', BASE, '^firmware-config/schema/', VAULT_PROTOCOL, `^cluster/.*${PORT}`],
    ),
    {
      name: 'web-admin-vault-types-only',
      comment: 'The panel knows the shape of a request to the vault; it does not make one by itself.',
      severity: 'error',
      from: { path: '^web-admin/' },
      to: { path: VAULT_PROTOCOL, dependencyTypesNot: TYPES_ONLY },
    },
    roomRule(
      'web-admin-layer',
      'The main.ts of the panel wires what is below; of the appliance it knows types of the vault protocol.',
      { path: '^web-admin/.*main[.]ts$|^web-admin/main[.]ts$' },
      ['^(web-admin|ops|cluster|firmware-config)/', VAULT_PROTOCOL],
    ),
    {
      name: 'cluster-main-layer',
      comment: 'An entry point in cluster wires what is below.',
      severity: 'error',
      from: { path: '^cluster/.*main[.]ts$' },
      to: { path: '^(appliance|ops|web-admin|test)/' },
    },
    {
      name: 'no-import-of-main',
      comment: 'A main.ts runs when it is imported; who needs it starts it as a process.',
      severity: 'error',
      from: {},
      to: { path: MAIN, pathNot: 'node_modules' },
    },
    {
      name: 'no-import-of-test',
      comment: 'What is shipped does not depend on what tests it.',
      severity: 'error',
      from: { path: ROOMS },
      to: { path: '^test/' },
    },
    ...PACKAGE_ROOMS.map(packageRule),
    {
      name: 'no-development-package',
      comment: 'What is shipped runs without the packages of development.',
      severity: 'error',
      from: { path: ROOMS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: TYPES_ONLY },
    },
    {
      name: 'no-undeclared-package',
      comment: 'A package that only another one brought along is gone with the next version of that one.',
      severity: 'error',
      from: { path: `${ROOMS}|^test/` },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-runtime-cycle',
      comment: 'Modules that need each other at run time are evaluated in an order that nobody sees.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: TYPES_ONLY } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|artefacts)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['main', 'types'],
    },
  },
};
