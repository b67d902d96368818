/** The sockets that were opened, with what the configuration says of each: wildcards are many addresses by then. */
import type { EngineConfig, SipListen } from '../config/engine-config.js';
import type { ListenAddress } from '../transport/transport-port.js';
import { UNNAMED_ADDRESS } from './local-identity.js';

type Label = Pick<EngineConfig, 'listen' | 'serviceAddresses'>;

function isWildcard({ address }: SipListen): boolean {
  return address === '*' || address === '0.0.0.0' || address === '::';
}

function configOf(opened: ListenAddress, listens: readonly SipListen[]): SipListen | undefined {
  const fits = (one: SipListen): boolean =>
    one.protocol === opened.protocol && (one.port === 0 || one.port === opened.port);
  return (
    listens.find((one) => fits(one) && one.address === opened.address) ??
    listens.find((one) => fits(one) && isWildcard(one))
  );
}

export function labelListens(opened: readonly ListenAddress[], config: Label): readonly SipListen[] {
  return opened.map((one) => {
    const named = config.serviceAddresses.find(({ address }) => address === one.address)?.id;
    const given = configOf(one, config.listen);
    const { protocol, address, port } = one;
    return {
      ...{ protocol, address, port, localNets: given?.localNets ?? [] },
      addressId: named ?? given?.addressId ?? UNNAMED_ADDRESS,
      ...(given?.externalAddress === undefined ? {} : { externalAddress: given.externalAddress }),
    };
  });
}
