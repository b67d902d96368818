/** Usual phrases of the status codes that the engine itself answers with (RFC 3261 21 and the RFCs that added more). */
const PHRASES: Readonly<Record<number, string>> = {
  100: 'Trying',
  180: 'Ringing',
  200: 'OK',
  202: 'Accepted',
  302: 'Moved Temporarily',
  ...{
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'Not Found',
    407: 'Proxy Authentication Required',
  },
  408: 'Request Timeout',
  480: 'Temporarily Unavailable',
  481: 'Call/Transaction Does Not Exist',
  486: 'Busy Here',
  487: 'Request Terminated',
  488: 'Not Acceptable Here',
  491: 'Request Pending',
  500: 'Server Internal Error',
  503: 'Service Unavailable',
  504: 'Server Time-out',
  600: 'Busy Everywhere',
  603: 'Decline',
  604: 'Does Not Exist Anywhere',
};
const CLASSES = ['', 'Progress', 'OK', 'Redirection', 'Request Failure', 'Server Failure', 'Global Failure'];

export function reasonPhrase(status: number): string {
  return PHRASES[status] ?? CLASSES[Math.floor(status / 100)] ?? 'Unknown';
}
