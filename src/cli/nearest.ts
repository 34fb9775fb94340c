/** "Did you mean" for the command line: the same as for the columns of a prompt file. */
export { nearest } from '../intake/nearest.ts'
