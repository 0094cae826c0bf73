/** How an agent that runs outside of any layer sends its shell commands through `nexus run`. */

export interface Hook {
  /** Where the settings belong. */
  readonly place: string
  /** The settings, as they are to be put there. */
  readonly settings: (nexus: string) => string
  /** What the agent says before a command (JSON on stdin), to what it is answered; undefined: not a shell command, nothing to say. */
  readonly answer?: (said: unknown, through: (command: string) => string) => object | undefined
}

/** One shell line that runs another in a layer. What it did is applied when it ended well and nothing is flagged, and can be rolled back. */
export function throughNexus(nexus: string): (command: string) => string {
  return (command) => `${nexus} run --apply -- ${quoted(command)}`
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}

/** The command of a shell tool's input, with the rest of that input. */
export function commandIn(said: unknown, tools: readonly string[]): { readonly command: string; readonly input: object } | undefined {
  if (typeof said !== 'object' || said === null) return undefined
  const { tool_name: tool, tool_input: input } = said as { tool_name?: unknown; tool_input?: unknown }
  if (typeof tool !== 'string' || !tools.includes(tool) || typeof input !== 'object' || input === null) return undefined
  const { command } = input as { command?: unknown }
  return typeof command === 'string' ? { command, input } : undefined
}
