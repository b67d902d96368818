/** The fields that say where the engine listens, and the rules between them. */
import { isSameHost } from '../message/ip-address.js';
import { findHostPort, findListen, SIP_PROTOCOLS, splitProtocol } from './address-texts.js';
import { labelAddresses } from './address-labels.js';
import {
  asAddress,
  asHost,
  asId,
  asListenAddress,
  asNetwork,
  readKeyPair,
  whereGiven,
} from './config-fields.js';
import { readSection, showValue, type ConfigSection } from './config-section.js';
import type { ControlListen, HostPort, ServiceAddress, SipListen, SipTls } from './engine-config.js';

const PORT = { min: 0, max: 65_535, unit: 'port' } as const;
const DEFAULT_CONTROL: ControlListen = { address: '127.0.0.1', port: 9022 };

/** An item that may be written as a text or as an object. */
type Item = string | ConfigSection;

function readItems<T>(
  section: ConfigSection,
  name: string,
  read: (item: Item, path: string) => T | undefined,
): readonly T[] {
  return section.list(name, (value, path) => {
    if (typeof value === 'string') return read(value, path);
    return readSection(section.problems, path, value, (inner) => read(inner, path));
  });
}

function readControl(item: ConfigSection): ControlListen {
  return {
    address: item.text('address', asHost),
    port: item.integer('port', 0, PORT),
    ...whereGiven('tls', item.optionalSection('tls', readKeyPair)),
  };
}

/** A text `tls:...` uses the files of the SIP side. */
function findControl(text: string, tls: SipTls | undefined): ControlListen | 'needsTls' | undefined {
  const { protocol, rest } = splitProtocol(text, ['tcp', 'tls']) ?? { protocol: 'tcp', rest: text };
  const at: HostPort | undefined = findHostPort(rest);
  if (at === undefined) return undefined;
  const listen = { address: at.host, port: at.port };
  if (protocol === 'tcp') return listen;
  return tls === undefined
    ? 'needsTls'
    : { ...listen, tls: { keyFile: tls.keyFile, certFile: tls.certFile } };
}

const TLS_FIX = 'Give --key-file and --cert-file (tls.keyFile, tls.certFile).';

export function readControls(section: ConfigSection, tls: SipTls | undefined): readonly ControlListen[] {
  const controls = readItems(section, 'control', (item, path) => {
    if (typeof item !== 'string') return readControl(item);
    const found = findControl(item, tls);
    if (found === undefined)
      section.problems.add(
        path,
        `${showValue(item)} is no address with a port`,
        'Write HOST:PORT or tls:HOST:PORT.',
      );
    else if (found === 'needsTls') section.problems.add(path, 'tls needs a key and a certificate', TLS_FIX);
    else return found;
    return undefined;
  });
  return controls.length === 0 ? [DEFAULT_CONTROL] : controls;
}

function findServiceAddress(text: string): ServiceAddress {
  const equals = text.indexOf('=');
  return { id: text.slice(0, Math.max(0, equals)), address: text.slice(equals + 1) };
}

export function readServiceAddresses(section: ConfigSection): readonly ServiceAddress[] {
  const seen: ServiceAddress[] = [];
  const { problems } = section;
  return readItems(section, 'serviceAddresses', (item, path) => {
    const before = problems.count;
    const one =
      typeof item === 'string'
        ? findServiceAddress(item)
        : { id: item.text('id', asId), address: item.text('address', asAddress) };
    const wrong = typeof item === 'string' ? (asId(one.id) ?? asAddress(one.address)) : undefined;
    if (wrong !== undefined)
      problems.add(path, `${showValue(item)}: ${wrong[0]}`, `Write ID=ADDRESS. ${wrong[1]}`);
    if (problems.count > before) return undefined;
    const isTaken = seen.some(({ id, address }) => id === one.id || isSameHost(address, one.address));
    if (isTaken) problems.add(path, 'its id or its address is that of another one', 'Give each its own.');
    seen.push(one);
    return one;
  });
}

type Unlabelled = Omit<SipListen, 'addressId'>;

function readListen(item: ConfigSection): Unlabelled {
  return {
    protocol: item.choice('protocol', SIP_PROTOCOLS, 'udp'),
    address: item.text('address', asListenAddress),
    port: item.integer('port', 5060, PORT),
    ...whereGiven('externalAddress', item.optionalText('externalAddress', asAddress)),
    localNets: item.texts('localNets', asNetwork),
  };
}

function readListenText(text: string, path: string, section: ConfigSection): Unlabelled | undefined {
  const listen = findListen(text);
  const wrong =
    listen === undefined
      ? ([
          `${showValue(text)} is no socket`,
          'Write udp:ADDRESS:PORT (tcp, tls), IPv6 as udp:[::1]:5060.',
        ] as const)
      : asListenAddress(listen.address);
  if (wrong === undefined && listen !== undefined) return { ...listen, localNets: [] };
  if (wrong !== undefined) section.problems.add(path, ...wrong);
  return undefined;
}

function isSameSocket(a: Unlabelled, b: Unlabelled): boolean {
  return a.port !== 0 && a.port === b.port && a.protocol === b.protocol && isSameHost(a.address, b.address);
}

export function readListens(
  section: ConfigSection,
  serviceAddresses: readonly ServiceAddress[],
  tls: SipTls | undefined,
): readonly SipListen[] {
  const { problems } = section;
  const before = problems.count;
  const seen: Unlabelled[] = [];
  const listens = readItems(section, 'listen', (item, path) => {
    const listen = typeof item === 'string' ? readListenText(item, path, section) : readListen(item);
    if (listen === undefined) return undefined;
    if (listen.protocol === 'tls' && tls === undefined)
      problems.add(path, 'tls needs a key and a certificate', TLS_FIX);
    if (seen.some((other) => isSameSocket(other, listen)))
      problems.add(path, 'it is there already', 'Leave one of the two out.');
    seen.push(listen);
    return listen;
  });
  if (listens.length === 0 && problems.count === before)
    problems.add('listen', 'there is none, and no call could come in', 'Give --listen udp:ADDRESS:5060.');
  return labelAddresses(listens, serviceAddresses);
}
