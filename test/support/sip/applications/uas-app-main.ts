/** Answers every INVITE at once with one answer, and says when a call begins and ends. */
import { sdp } from '../sip-text.js';
import { connectSrf, errorFields, parseApplicationArguments, report } from './application-arguments.js';
import { onMethod } from './srf-objects.js';

const args = parseApplicationArguments();
const srf = connectSrf(args);
const isQuiet = args.options['quiet'] === true;

function say(event: string, fields: object): void {
  if (!isQuiet) report(event, fields);
}

onMethod(srf, 'invite', (request, response) => {
  srf.createUAS(request, response, { localSdp: sdp(50_000) }).then(
    (dialog) => {
      say('answered', { dialog: dialog.id });
      dialog.on('destroy', () => say('ended', { dialog: dialog.id }));
    },
    (error: unknown) => report('failed', errorFields(error)),
  );
});
