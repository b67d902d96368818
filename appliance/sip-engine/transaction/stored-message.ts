/**
 * A message that is kept to be sent again, as text of one character per byte (latin1). Measured with 650 bytes: a
 * string takes 16 bytes more than the message, a Buffer of its own some 250 more; a slice of what the socket read
 * would pin up to 64 kB. It is also what JSON can hold.
 */

export type StoredMessage = string;

export function storeMessage(bytes: Buffer): StoredMessage {
  return bytes.toString('latin1');
}

export function loadMessage(stored: StoredMessage): Buffer {
  return Buffer.from(stored, 'latin1');
}
