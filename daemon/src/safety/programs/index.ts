/** Every program that is understood. To add one: an entry in the family it belongs to, with examples; a family: a file and a line here. */
import type { Model } from '../model.ts'
import { FILES } from './files.ts'
import { SHELLS } from './shells.ts'
import { TEXT } from './text.ts'

export const PROGRAMS: readonly Model[] = [...SHELLS, ...FILES, ...TEXT]
