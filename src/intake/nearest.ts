/** "Did you mean" for columns and file names: the same as everywhere. */
export { nearest } from '../core/nearest.ts'
