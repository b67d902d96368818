/** What is used of rqlite-js 2.5.7, which brings no types. */
declare module 'rqlite-js' {
  interface FetchOptions {
    readonly uri: string;
    readonly httpMethod: 'GET' | 'POST';
    readonly body?: unknown;
    readonly query?: Readonly<Record<string, unknown>>;
    /** Milliseconds. */
    readonly timeout: number;
    readonly retries: number;
    readonly maxRedirects?: number;
  }
  export class DataApiClient {
    constructor(host: string, options?: { readonly activeHostRoundRobin?: boolean });
    fetch(options: FetchOptions): Promise<{ readonly body: unknown; readonly status: number }>;
  }
}
