/** What is used of rtpengine-client 0.4.12, which has no types of its own. */
declare module 'rtpengine-client' {
  import type { EventEmitter } from 'node:events';

  type Command =
    | 'offer'
    | 'answer'
    | 'delete'
    | 'list'
    | 'query'
    | 'ping'
    | 'playMedia'
    | 'stopMedia'
    | 'blockMedia'
    | 'unblockMedia';

  class WsClient extends EventEmitter {
    constructor(options: { readonly url: string; readonly timeout: number });
    send_internal(command: Command, options: object): Promise<unknown>;
    close(): void;
    /** Connects again 2 s after a close; looked up by name at that moment. */
    _connect: (...args: unknown[]) => void;
  }

  const client: { readonly WsClient: typeof WsClient };
  export default client;
  export { type Command, type WsClient };
}
