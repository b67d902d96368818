/** The node's report in a file on tmpfs, which its writer replaces as a whole (write, then rename). */
import { open } from 'node:fs/promises';
import type { Clock } from '../cluster/base/clock.js';
import {
  parseNodeReport,
  REPORT_AGE_MS_MAX,
  type NodeStatus,
  type StatusSourcePort,
} from './status-source.js';

/** More than any report; a panel must not be filled up by what it reads. */
const REPORT_BYTES_MAX = 256 * 1024;

interface ReportFile {
  readonly text: string;
  readonly writtenAtMs: number;
}

async function readReportFile(path: string): Promise<ReportFile> {
  const file = await open(path, 'r');
  try {
    const { mtimeMs, size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, REPORT_BYTES_MAX)), 0);
    return { text: buffer.toString('utf8', 0, bytesRead), writtenAtMs: mtimeMs };
  } finally {
    await file.close();
  }
}

export class FileStatusSource implements StatusSourcePort {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(options: { readonly path: string; readonly clock: Clock }) {
    this.#path = options.path;
    this.#clock = options.clock;
  }

  async read(): Promise<NodeStatus> {
    let file: ReportFile;
    try {
      file = await readReportFile(this.#path);
    } catch {
      // Not there yet, or not to be read: for the reader of the page both mean that there is no report.
      return { state: 'absent' };
    }
    const reportedAtMs = file.writtenAtMs;
    // In both directions: a wall clock that was set back must not keep an old report fresh for hours.
    const ageMs = Math.abs(this.#clock.wallMs() - reportedAtMs);
    if (ageMs > REPORT_AGE_MS_MAX) return { state: 'stale', reportedAtMs };
    try {
      return { state: 'fresh', reportedAtMs, report: parseNodeReport(JSON.parse(file.text)) };
    } catch {
      return { state: 'stale', reportedAtMs };
    }
  }
}
