/** The node document: what differs between the machines of a site. Unknown keys are refused. */
import Type, { type Static } from 'typebox';
import { DEFAULTS } from '../defaults/defaults.js';
import { path, strict, version } from './fields.js';

export const NodeDocumentSchema = Type.Object(
  {
    version,
    nodeId: Type.String({
      pattern: '^[a-z][a-z0-9]{0,7}$',
      description: "Give the node's id in the site document.",
    }),
    interface: Type.String({
      pattern: '^[a-zA-Z0-9_.-]{1,15}$',
      default: DEFAULTS.interface,
      description: 'Give the name of the network interface on the service LAN, such as eth0.',
    }),
    logLevel: Type.Enum(['debug', 'info', 'warn', 'error'], {
      default: 'info',
      description: 'Use "debug", "info", "warn" or "error".',
    }),
    /** Major version of the rqlited in use: its flags were renamed in 10. */
    rqlitedMajor: Type.Integer({
      minimum: 8,
      maximum: 99,
      default: DEFAULTS.rqlitedMajor,
      description: 'Give the major version that "rqlited -version" prints, 8 or later.',
    }),
    paths: Type.Object(
      {
        node: path(DEFAULTS.paths.node),
        wardline: path(DEFAULTS.paths.wardline),
        rqlited: path(DEFAULTS.paths.rqlited),
        config: path(DEFAULTS.paths.config),
        data: path(DEFAULTS.paths.data),
        run: path(DEFAULTS.paths.run),
      },
      { ...strict, default: {} },
    ),
    /** Without it the node makes a certificate of its own. Group wardline-sip must be able to read the files. */
    sipTls: Type.Optional(
      Type.Object(
        {
          keyFile: path(),
          /** With its chain. */
          certFile: path(),
          caFile: Type.Optional(path()),
          /** 48 bytes, the same on both partners: either resumes a phone's session. */
          ticketKeysFile: Type.Optional(path()),
        },
        strict,
      ),
    ),
  },
  strict,
);

export type NodeDocument = Static<typeof NodeDocumentSchema>;
