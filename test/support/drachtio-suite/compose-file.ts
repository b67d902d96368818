/** What the suite's docker-compose file says about its machines. Pure; no YAML beyond what that file uses. */

export interface SuiteHost {
  readonly name: string;
  readonly address: string;
  /** Scenario that a sipp answers calls with; without one the host is a SIP engine. */
  readonly scenario?: string;
}

/** @throws Error when a service runs something else than a drachtio server or a sipp, or has no address */
function hostOf(name: string, block: string): SuiteHost {
  const address = /^ *ipv4_address: (\S+)$/m.exec(block)?.[1];
  const [program, ...words] = (/^ *command: (.*)$/m.exec(block)?.[1] ?? '').split(' ');
  if (address === undefined) throw new Error(`the suite's host ${name} has no address`);
  if (program === 'drachtio') return { name, address };
  const scenario = /^\/tmp\/(.+\.xml)$/.exec(words[words.indexOf('-sf') + 1] ?? '')?.[1];
  if (program !== 'sipp' || scenario === undefined) throw new Error(`the suite's host ${name} is unknown`);
  return { name, address, scenario };
}

/** @param text of docker-compose-testbed.yaml */
export function parseComposeFile(text: string): SuiteHost[] {
  const [, services = ''] = text.split(/^services:$/m);
  // A service is a name at the first level of indentation, and everything deeper that follows.
  const [, ...parts] = services.split(/^ {2}([\w-]+):$/m);
  return parts.flatMap((part, index) => (index % 2 === 0 ? [hostOf(part, parts[index + 1] ?? '')] : []));
}
