/** Connects every INVITE to one other party, `--uri`, with the options of createB2BUA in `--options`. */
import { connectSrf, errorFields, parseApplicationArguments, report } from './application-arguments.js';
import { onMethod, type SrfDialog } from './srf-objects.js';

const args = parseApplicationArguments();
const srf = connectSrf(args);
const { quiet, ...options } = args.options;

function say(event: string, fields: object): void {
  if (quiet !== true) report(event, fields);
}

/** When one side hangs up, the other is hung up. */
function endTogether(dialog: SrfDialog, other: SrfDialog): void {
  dialog.on('destroy', () => {
    say('ended', { dialog: dialog.id });
    other.destroy().catch((error: unknown) => report('failed', errorFields(error)));
  });
}

onMethod(srf, 'invite', (request, response) => {
  srf.createB2BUA(request, response, args.uri, { ...options }).then(
    ({ uas, uac }) => {
      say('connected-call', { uas: uas.id, uac: uac.id });
      endTogether(uas, uac);
      endTogether(uac, uas);
    },
    (error: unknown) => say('failed', errorFields(error)),
  );
});
