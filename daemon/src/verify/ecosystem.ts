/** An ecosystem as data: which files say that it is used in a folder, and which commands build, lint and test there. */
import type { CheckKind } from '@nexus/protocol/verify'

export interface Ecosystem {
  readonly name: string
  /** One of these in a folder says that it is used there. `*` stands for any characters of a name. */
  readonly marks: readonly string[]
  /** Further names, of files or of environments, whose presence decides something. */
  readonly asks: readonly string[]
  /** Those of both whose text is read. */
  readonly reads: readonly string[]
  /** For a person whose project was not recognised. */
  readonly recognises: string
  /** It usually calls the others: only for kinds that nothing else offers in the same folder. */
  readonly stepsBack?: true
  commands(folder: Folder): readonly Found[]
}

export interface Found {
  readonly kind: CheckKind
  /** Two words or more: one alone would be a shell line. */
  readonly command: readonly string[]
}

/** A folder of the project as far as the ecosystems asked about it. */
export interface Folder {
  /** The project itself. */
  readonly isTop: boolean
  /** Is there such a file in it? Takes `*`. */
  has(pattern: string): boolean
  /** The same, here or in a folder above, up to the project. */
  hasAbove(pattern: string): boolean
  /** '' where it is absent. */
  text(name: string): string
}
