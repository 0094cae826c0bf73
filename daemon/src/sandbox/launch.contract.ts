/** What every launcher with every back end must hold, as root and as a user. */
import { describe } from 'vitest'
import type { Rung } from './contract/ground.ts'
import { files } from './contract/files.ts'
import { life } from './contract/life.ts'
import { places } from './contract/places.ts'
import { renames, type Effort } from './contract/renames.ts'
import { terminal } from './contract/terminal.ts'
import { walls } from './contract/walls.ts'

export function launchContract(rung: Rung, effort: Effort): void {
  describe('life of a command', () => life(rung))
  describe('files', () => files(rung))
  describe('walls', () => walls(rung))
  describe('places', () => places(rung))
  describe('renames', () => renames(rung, effort))
  describe('terminal', () => terminal(rung))
}
