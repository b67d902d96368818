/** What `npm start` is told. Pure. */
import { isIPv4 } from 'node:net';
import type { SiteDocument } from '../../../firmware-config/schema/site.js';
import type { AttachOptions } from '../attach.js';
import { badArgument, boxOption, choiceOption, parseWords, textOption } from './parse-words.js';

export interface StartArguments {
  readonly box?: string;
  readonly layout: SiteDocument['layout'];
  readonly attach?: AttachOptions;
  readonly panelListen?: { readonly address: string; readonly port?: number };
  /** Ordinary calls a minute; 0: nobody calls. */
  readonly callsPerMinute: number;
  readonly isHelp: boolean;
}

/** What twelve call-takers can do without a queue that never ends. */
const CALLS_PER_MINUTE = 12;

const USAGE =
  'npm start -- [--box ID] [--layout LAYOUT] [--calls N] [--attach INTERFACE] [--panel-listen ADDRESS[:PORT]]';

export const START_HELP = `Brings a site in a box up in the foreground; Ctrl-C takes it down.

  ${USAGE}

  --box ID                  id of the box, 1 to 8 of a-z and 0-9; default: one that is free
  --layout LAYOUT           pair+dr (default): nodes a, b and the DR node d
                            two-two-one: nodes a, b, two DR nodes d, e and the witness w
  --calls N                 so many patients call in a minute, 0 to 120; default: 12, and an emergency
                            each minute; 0: nobody calls, the phones are yours
  --attach INTERFACE        lets real phones on the LAN of this host interface reach the service
                            addresses; what is done is listed, and undone at the end
  --attach-address ADDR/LEN with --attach: an address of that LAN for the box, so that phones which
                            have a route to the box keep the addresses they have
  --panel-listen ADDR[:PORT] the panel listens there too; default: 127.0.0.1 only
  --help                    this text

  RQLITED in the environment names another rqlited than the one of the npm package.
`;

const OPTIONS = {
  box: 'string',
  layout: 'string',
  calls: 'string',
  attach: 'string',
  'attach-address': 'string',
  'panel-listen': 'string',
  help: 'boolean',
} as const;

function parsePanelListen(text: string): NonNullable<StartArguments['panelListen']> {
  const [address = '', port, ...rest] = text.split(':');
  const fix = 'Give an IPv4 address of this machine, and perhaps a port, such as 192.0.2.10:8443.';
  if (!isIPv4(address) || rest.length > 0)
    throw badArgument('--panel-listen', `"${text}" is no address`, fix);
  if (port === undefined) return { address };
  const number = Number(port);
  if (!Number.isInteger(number) || number < 1 || number > 65_535)
    throw badArgument('--panel-listen', `"${port}" is no port`, fix);
  return { address, port: number };
}

function parseAttach(name: string, address: string | undefined): AttachOptions {
  if (!/^[^\s/]{1,15}$/.test(name))
    throw badArgument('--attach', `"${name}" is no interface`, 'Name one that "ip link" shows.');
  if (address === undefined) return { interface: name };
  const [host = '', length = ''] = address.split('/');
  if (!isIPv4(host) || !/^\d+$/.test(length) || Number(length) < 8 || Number(length) > 30) {
    const fix = 'Give an address with its prefix length, such as 192.0.2.10/24.';
    throw badArgument('--attach-address', `"${address}" will not do`, fix);
  }
  return { interface: name, address };
}

function parseCalls(text: string | undefined): number {
  const number = Number(text ?? CALLS_PER_MINUTE);
  if (text !== undefined && (!/^\d{1,3}$/.test(text) || number > 120))
    throw badArgument('--calls', `"${text}" will not do`, 'Give how many a minute, 0 to 120.');
  return number;
}

/** @throws LAB_BAD_ARGUMENT */
export function parseStartArguments(args: readonly string[]): StartArguments {
  const { positionals, values } = parseWords(args, OPTIONS, USAGE);
  const [surplus] = positionals;
  if (surplus !== undefined) throw badArgument(surplus, 'npm start takes options only', `Usage: ${USAGE}`);
  const box = boxOption(values);
  const attach = textOption(values, 'attach');
  const attachAddress = textOption(values, 'attach-address');
  if (attach === undefined && attachAddress !== undefined)
    throw badArgument('--attach-address', 'it says where on a LAN', 'Name the interface with --attach.');
  const panelListen = textOption(values, 'panel-listen');
  return {
    ...(box === undefined ? {} : { box }),
    layout: choiceOption(values, 'layout', ['pair+dr', 'two-two-one']) ?? 'pair+dr',
    ...(attach === undefined ? {} : { attach: parseAttach(attach, attachAddress) }),
    ...(panelListen === undefined ? {} : { panelListen: parsePanelListen(panelListen) }),
    callsPerMinute: parseCalls(textOption(values, 'calls')),
    isHelp: values['help'] === true,
  };
}
