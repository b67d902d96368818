/** Types of the npm package systemd-notify 1.0.0 (CommonJS), which ships none. */
declare module 'systemd-notify' {
  interface NotifyOptions {
    readonly ready?: boolean;
    readonly status?: string;
    readonly pid?: number;
  }
  /**
   * Runs the program systemd-notify with this process's environment and waits for its end.
   * Rejects with the Error of a failed start, or with the program's output as a string, which may be empty.
   */
  function notify(options: NotifyOptions): Promise<unknown>;
  export = notify;
}
