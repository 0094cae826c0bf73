/** Gemini CLI. It starts itself a second time as a child; the end of the run ends both. */
import { isQuestion } from './claude.ts'
import { verbIn, type Agent } from './agent.ts'
import { geminiDiary } from './diaries/gemini.ts'

const HOUSEKEEPING = new Set(['mcp', 'extensions', 'extension', 'hooks', 'skills'])

export const gemini: Agent = {
  name: 'gemini', title: 'Gemini CLI', program: 'gemini', install: '@google/gemini-cli',
  words: (args) => (isQuestion(args) || HOUSEKEEPING.has(verbIn(args, ['-m', '--model', '-p', '--prompt', '-o', '--output-format', '-i']).verb ?? '') ? args : ['--yolo', '--skip-trust', ...args]),
  env: { GEMINI_CLI_NO_RELAUNCH: 'true' },
  hosts: ['google', 'oauth2.googleapis.com:443', 'accounts.google.com:443', 'www.googleapis.com:443', 'cloudcode-pa.googleapis.com:443'],
  keys: ['GEMINI_API_KEY', 'GOOGLE_API_KEY', 'GOOGLE_GEMINI_BASE_URL', 'GOOGLE_CLOUD_PROJECT', 'GEMINI_MODEL'],
  // Without a chosen way to log in it ends at once; a key is the way that needs no browser.
  home: { '.gemini/settings.json': `${JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } }, general: { disableAutoUpdate: true, disableUpdateNag: true }, privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false } })}\n` },
  diary: geminiDiary,
}
