/** Types of the npm package systemd-notify 1.0.0, which ships none. */
declare module 'systemd-notify' {
  interface NotifyOptions {
    readonly ready?: boolean;
    readonly status?: string;
    readonly pid?: number;
  }
  /** Runs the program systemd-notify. Rejects with its output as a string, which may be empty or undefined. */
  function notify(options: NotifyOptions): Promise<unknown>;
  export default notify;
}
