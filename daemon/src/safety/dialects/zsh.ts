/** zsh, read as bash after what only zsh has is rewritten. */
import type { Interpreter } from '../scene.ts'
import { BASH } from '../shell/interpret.ts'

export const ZSH: Interpreter = { ...BASH, text: (text, shell) => BASH.text(fromZsh(text), shell) }

function fromZsh(text: string): string {
  return text
    // `=rm` is the path of rm.
    .replace(/(^|[\s;|&(])=([a-z][\w-]*)/g, '$1$2')
    // Glob qualifiers: `*(.)`, `**/*(D)`, `*.log(mw+4)`.
    .replace(/([*?\]\w/])\(((?:[#^-]?[./@=pDNmhaLokUGrwxfF*on:tYO]+[-+]?\d*(?:\[[^\]]*\])?)+)\)(?=\s|$|;|\||&)/g, '$1')
    .replace(/(^|[\s;|&])(noglob|nocorrect|-)\s+(?=[a-z])/g, '$1')
    .replace(/(^|[;&|\n]\s*)for\s+(\w+)\s*\(([^)]*)\)\s*([^;{\n]+)/g, '$1for $2 in $3; do $4; done')
    .replace(/(^|[;&|\n]\s*)foreach\s+(\w+)\s*\(([^)]*)\)\s*;?/g, '$1for $2 in $3; do ').replace(/(^|[;\n]\s*)end(?=\s*($|[;|&\n]))/g, '$1done')
    .replace(/(^|[;&|\n]\s*)repeat\s+(\S+)\s*;?\s*(do\b)?/g, (_, before: string, count: string, hasDo: string | undefined) => (hasDo ? `${before}for _ in ${count}; do` : `${before}`))
    .replace(/=\(/g, (found, at: number) => (/[\s]/.test(text[at - 1] ?? '') ? '<(' : found))
    .replace(/\$\{\(([A-Za-z@]|[sjpq].[^)]*)+\)/g, '${')
    // `${=x}` and `$=x` cut a value into words, as bash does by itself.
    .replace(/\$\{[=~^]+(?=\w)/g, '${').replace(/\$[=~](?=\w)/g, '$')
    .replace(/\bemulate\s+(?:-\w+\s+)*(?:sh|zsh|ksh|csh)\s+-c\b/g, 'sh -c')
    .replace(/(^|[;&|\n]\s*)\(\)\s*\{/g, '$1{')
    .replace(/>!|>>!/g, '>')
    .replace(/&!|&\|(?=\s|$)/g, '&')
    .replace(/\}\s*always\s*\{/g, '}; {')
}
