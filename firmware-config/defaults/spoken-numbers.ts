/** Which numbers there is a prompt for: made by ops/prompts, played by call control. */

/** Places in a queue, from 1. */
export const SPOKEN_PLACES = 99;
/** Minutes of waiting: nobody can tell 31 from 32. */
export const SPOKEN_MINUTES: readonly number[] = [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 45, 60];
