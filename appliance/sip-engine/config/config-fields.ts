/** Rules for the texts of single fields, and what several readers share. */
import { isIP } from 'node:net';
import { isDigestAlgorithm } from '../digest/digest-response.js';
import { isAllOf, TOKEN } from '../message/sip-characters.js';
import { ANY_ADDRESS, findHostPort, isNetwork } from './address-texts.js';
import type { ConfigSection, TextCheck } from './config-section.js';
import type { HostPort, KeyPairFiles } from './engine-config.js';

/** `{name: value}`, or nothing where there is no value. */
export function whereGiven<N extends string, T>(name: N, value: T | undefined): Partial<Record<N, T>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<N, T>>);
}

export const asNetwork: TextCheck = (text) =>
  isNetwork(text)
    ? undefined
    : ['it is neither an address nor a network', 'Write it as 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32.'];

export const asMethod: TextCheck = (text) =>
  isAllOf(text, TOKEN) && text === text.toUpperCase()
    ? undefined
    : ['it is no SIP method', 'Write it in capitals, such as INVITE.'];

export const asDigestAlgorithm: TextCheck = (text) =>
  isDigestAlgorithm(text) ? undefined : ['it is no algorithm', 'Write it as SHA-256 or MD5.'];

/** Between quotes in a challenge, and the same text in every hash: nothing in it may need an escape. */
export const asRealm: TextCheck = (text) =>
  asHeaderText(text) ??
  (text.includes('"') || text.includes('\\')
    ? ['it has a quote or a backslash', 'Use a name without them, such as ward.example.']
    : undefined);

/** It becomes a header: a line end in it would begin another one. */
export const asHeaderText: TextCheck = (text) => {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e)
      return ['it has a character that no header may hold', 'Use printable ASCII.'];
  }
  return undefined;
};

function isHandlerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol } = new URL(text);
  if (protocol === 'http:' || protocol === 'https:') return true;
  return findDirectApplication(text) !== undefined;
}

export interface DirectApplication extends HostPort {
  readonly isTls: boolean;
}

/** `tcp:host:port` and `tls:host:port`, with or without `//`: an application that listens itself. */
export function findDirectApplication(url: string): DirectApplication | undefined {
  const scheme = url.slice(0, 4);
  if (scheme !== 'tcp:' && scheme !== 'tls:') return undefined;
  const rest = url.slice(url.startsWith('//', 4) ? 6 : 4);
  const at = findHostPort(rest.endsWith('/') ? rest.slice(0, -1) : rest);
  return at && { ...at, isTls: scheme === 'tls:' };
}

/** Not shown in the sentence: it may hold a password. */
export const asHandlerUrl: TextCheck = (text) =>
  isHandlerUrl(text)
    ? undefined
    : [
        'it is no URL of a handler',
        'Write http://HOST:PORT/PATH, https:..., tcp:HOST:PORT or tls:HOST:PORT.',
      ];

/** Both are needed. */
export function readKeyPair(section: ConfigSection): KeyPairFiles {
  return { keyFile: section.text('keyFile'), certFile: section.text('certFile') };
}

/** drachtio's framing has `|` and line ends between fields: an application could not say such a secret. */
export const asSecret: TextCheck = (text) =>
  /[|\r\n]/.test(text)
    ? ['it has a bar or a line end', 'Use another secret: an application could not say this one.']
    : undefined;

const ID_LENGTH_MAX = 16;

export const asAddress: TextCheck = (text) =>
  isIP(text) === 0
    ? ['it is no numeric address', 'Write 192.0.2.1 or 2001:db8::1, without brackets.']
    : undefined;

export const asHost: TextCheck = (text) =>
  isIP(text) !== 0 || findHostPort(`${text}:0`) !== undefined
    ? undefined
    : ['it is neither a name nor an address', 'Write a name, 192.0.2.1 or 2001:db8::1.'];

/** A wildcard socket answers from the machine's first address, whichever was asked. */
export const asListenAddress: TextCheck = (text) =>
  text === '0.0.0.0' || text === '::'
    ? [`${text} is no address that can answer`, 'Write * for every address of the machine.']
    : text === ANY_ADDRESS
      ? undefined
      : asAddress(text);

/** Ids of the form x0 are given to the addresses that have none. */
export const asId: TextCheck = (text) =>
  text.length > ID_LENGTH_MAX || !/^[A-Za-z0-9]+$/.test(text) || /^x[0-9]+$/.test(text)
    ? ['it will not do as an id', 'Use 1 to 16 letters and digits, not x and a number.']
    : undefined;
