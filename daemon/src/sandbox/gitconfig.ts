/** The private home's .gitconfig: the name and mail address of the person, and nothing else of their settings.
 *  Read by a small parser: running git here would run whatever its configuration names. */
import { join } from 'node:path'
import { shortText } from '../base/short-text.ts'

export interface Identity {
  readonly name?: string
  readonly email?: string
}

/** XDG first, ~/.gitconfig second: later wins, as in git. */
export function hostIdentity(userHome: string): Identity {
  const files = [join(userHome, '.config/git/config'), join(userHome, '.gitconfig')]
  return files.reduce<Identity>((identity, file) => ({ ...identity, ...parseIdentity(shortText(file) ?? '') }), {})
}

/** Undefined when nothing is known about the person. */
export function gitconfigText({ name, email }: Identity): string | undefined {
  const lines = [name === undefined ? [] : [`\tname = ${quoted(name)}`], email === undefined ? [] : [`\temail = ${quoted(email)}`]].flat()
  return lines.length === 0 ? undefined : `[user]\n${lines.join('\n')}\n`
}

/** user.name and user.email of one configuration file; includes and subsections are not followed. */
export function parseIdentity(text: string): Identity {
  const identity: { name?: string; email?: string } = {}
  let isUser = false
  // An odd backslash at the end of a line joins it with the next.
  for (const line of text.replace(/(?<!\\)((?:\\\\)*)\\\r?\n/g, '$1').split(/\r?\n/)) {
    const section = /^\s*\[\s*([\w.-]+)\s*("(?:[^"\\]|\\.)*")?\s*\]/.exec(line)
    if (section) isUser = section[1]?.toLowerCase() === 'user' && section[2] === undefined
    const rest = section ? line.slice(section[0].length) : line
    const setting = /^\s*(name|email)\s*=(.*)$/i.exec(rest)
    if (!isUser || !setting) continue
    identity[setting[1]?.toLowerCase() === 'name' ? 'name' : 'email'] = unquoted(setting[2] ?? '')
  }
  return identity
}

function unquoted(raw: string): string {
  let value = ''
  let isQuoted = false
  let kept = 0
  const text = raw.trimStart()
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && (character === '#' || character === ';')) break
    else if (character === '\\') value += ESCAPES[text.charAt(++at)] ?? text.charAt(at)
    else value += character
    // Blanks at the end count only inside quotes.
    if (isQuoted || character.trim() !== '') kept = value.length
  }
  return value.slice(0, kept)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' }

function quoted(value: string): string {
  return `"${value.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`
}
