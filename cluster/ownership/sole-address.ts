/**
 * A full node without a partner has its service address always, so nothing is decided: it is put on the interface
 * whenever it is not there.
 */
import type { Log } from '../base/log.js';
import type { ServiceAddressPort } from './service-address-port.js';

/** Never rejects. */
export async function ensureSoleAddress(address: string, port: ServiceAddressPort, log: Log): Promise<void> {
  try {
    if (port.has(address)) return;
    await port.take(address);
    log.info({ address }, 'service address put on the interface');
  } catch (error) {
    log.error({ err: error, address }, 'service address cannot be put on the interface, trying again');
  }
}
