/** Keys as rtpengine tells them: one datagram with a JSON object for each, at its end (facts/rtpengine.md section 6). */
import { createSocket } from 'node:dgram';
import type { Log } from '../../cluster/base/log.js';
import type { MediaLeg } from '../call/media-port.js';

export interface KeyPress {
  readonly leg: MediaLeg;
  readonly key: string;
  readonly durationMs: number;
}

export interface DtmfListener {
  readonly port: number;
  close(): void;
}

/** RFC 4733 table 7. */
const KEYS = '0123456789*#ABCD';

/** @returns undefined for anything that is no key */
export function readKeyPress(text: string): KeyPress | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { callid, source_tag: tag, event, duration } = value as Record<string, unknown>;
  const key = typeof event === 'number' ? KEYS[event] : undefined;
  if (typeof callid !== 'string' || typeof tag !== 'string' || key === undefined) return undefined;
  const durationMs = typeof duration === 'number' ? duration : 0;
  return { leg: { mediaCallId: callid, legTag: tag }, key, durationMs };
}

/** @throws the system's error when the port is taken */
export async function openDtmfListener(
  port: number,
  log: Log,
  onPress: (press: KeyPress) => void,
): Promise<DtmfListener> {
  const socket = createSocket('udp4');
  socket.on('message', (datagram) => {
    const press = readKeyPress(datagram.toString('utf8'));
    if (press !== undefined) onPress(press);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(port, '127.0.0.1', resolve);
  });
  socket.removeAllListeners('error');
  socket.on('error', (error) => {
    log.warn({ err: error }, 'keys are not heard');
  });
  return {
    port: socket.address().port,
    close: () => {
      socket.close();
    },
  };
}
