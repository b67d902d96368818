/** Operating errors of the SIP engine: what its configuration, its sockets and its certificates can meet. */
import { defineErrors } from '../../cluster/base/errors.js';

export const sipErrors = defineErrors({
  SIP_CONFIG_INVALID: {
    message: 'the engine was not started: {count} problem(s) with its options:\n{list}',
    action: 'Correct the options named; each line says how, and --help lists them all.',
    retryable: false,
  },
  SIP_BAD_ORDER: {
    message: 'the SIP engine was asked for something with a wrong field "{field}": {problem}',
    action: 'Correct the field and ask again; nothing has been changed.',
    retryable: false,
  },
  SIP_STALE_GENERATION: {
    message: 'the SIP engine was told to take over {addressId} in generation {generation}, but knows {known}',
    action: 'Ask the node service who owns the address; whoever gave this order is behind the times.',
    retryable: false,
  },
  SIP_NO_CONTINUITY: {
    message: 'the SIP engine cannot take over {addressId}: it was started without a store of its partner',
    action: 'Give it `continuity` with `own` and `partner` in its configuration.',
    retryable: false,
  },
  SIP_CANNOT_LISTEN: {
    message: 'cannot listen for SIP on {protocol} {address} port {port}: {reason}',
    action:
      'End the program that has the port, or correct the address; a service address that the node does not own needs net.ipv4.ip_nonlocal_bind and net.ipv6.ip_nonlocal_bind.',
    retryable: true,
  },
  SIP_BAD_CERTIFICATE: {
    message: 'SIP over TLS cannot use its certificate: {reason}',
    action:
      'Put a PEM certificate with its chain and the key that belongs to it in place, and load it again.',
    retryable: false,
  },
  SIP_BAD_KEY: {
    message: 'the key of {field} cannot be used: {file}: {reason}',
    action: 'Write random bytes into the file, as many as it says, and the same on both nodes.',
    retryable: false,
  },
  SIP_BAD_CREDENTIALS: {
    message: 'the file of users for digest authentication cannot be used: {file}: {reason}',
    action: 'Write JSON {"user": {"sha256": hex, "md5": hex}}, and send the engine a SIGHUP.',
    retryable: false,
  },
});
