/**
 * A model for agents, played by a script: it speaks the wire formats of Anthropic (messages), OpenAI (responses and chat
 * completions) and Google (streamGenerateContent), and asks for one shell command after the other. How far a conversation is, it
 * reads from the conversation itself: as many commands are done as there are answers to them.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text as textOf } from 'node:stream/consumers'

export interface Asked {
  readonly path: string
  /** What the commands before it had printed, as the agent told the model. */
  readonly answers: readonly string[]
}

export class ScriptedModels implements AsyncDisposable {
  readonly asked: Asked[] = []
  readonly #commands: readonly string[]
  readonly #server: Server

  private constructor(commands: readonly string[]) {
    this.#commands = commands
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async start(commands: readonly string[]): Promise<ScriptedModels> {
    const models = new ScriptedModels(commands)
    models.#server.listen(0, '127.0.0.1')
    await once(models.#server, 'listening')
    return models
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The longest conversation's answers: what each command printed. */
  get answers(): readonly string[] {
    return this.asked.reduce<readonly string[]>((longest, { answers }) => (answers.length > longest.length ? answers : longest), [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? ''
    const body = parsed(await textOf(request))
    const speak = SPEAKERS.find(({ at }) => at.test(path))
    if (!speak || request.method !== 'POST') {
      response.writeHead(request.method === 'GET' ? 200 : 404, { 'content-type': 'application/json' }).end('{"data":[],"models":[]}')
      return
    }
    const answers = speak.answers(body)
    this.asked.push({ path, answers })
    const tool = speak.tool(body)
    const command = tool === undefined ? undefined : this.#commands[answers.length]
    speak.say(response, body, command === undefined || tool === undefined ? { text: 'All done.' } : { tool, command, step: answers.length })
  }
}

interface Turn { readonly text?: string; readonly tool?: Tool; readonly command?: string; readonly step?: number }
interface Tool { readonly name: string; readonly schema: Json }
// What comes over the wire is looked at, never trusted.
type Json = { readonly [key: string]: Json } & readonly Json[] & string
interface Speaker {
  readonly at: RegExp
  readonly answers: (body: Json) => string[]
  /** The tool that takes shell commands; absent in side requests, such as one for a title. */
  readonly tool: (body: Json) => Tool | undefined
  readonly say: (response: ServerResponse, body: Json, turn: Turn) => void
}

const SHELL = /^(bash|shell|shell_command|exec_command|local_shell|run_shell_command)$/i

const anthropic: Speaker = {
  at: /\/v1\/messages(\?|$)/,
  answers: ({ messages }) => list(messages).flatMap(({ content }) => list(content)).filter(({ type }) => type === 'tool_result').map(({ content }) => written(content)),
  tool: ({ tools }) => found(list(tools), ({ name }) => name, ({ input_schema: schema }) => schema),
  say: (response, body, { text, tool, command, step }) => {
    const usage = { input_tokens: 10, output_tokens: 5 }
    const block = tool ? { type: 'tool_use', id: `toolu_${step}`, name: tool.name, input: {} } : { type: 'text', text: '' }
    const delta = tool ? { type: 'input_json_delta', partial_json: JSON.stringify(argumentsFor(tool, command ?? '')) } : { type: 'text_delta', text }
    const message = { id: `msg_${Math.random().toString(36).slice(2)}`, type: 'message', role: 'assistant', model: body.model ?? 'fake', content: [], stop_reason: null, stop_sequence: null, usage }
    if (!isTrue(body.stream)) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ ...message, content: [{ type: 'text', text: text ?? '' }], stop_reason: 'end_turn' }))
      return
    }
    events(response, [
      ['message_start', { type: 'message_start', message }],
      ['content_block_start', { type: 'content_block_start', index: 0, content_block: block }],
      ['content_block_delta', { type: 'content_block_delta', index: 0, delta }],
      ['content_block_stop', { type: 'content_block_stop', index: 0 }],
      ['message_delta', { type: 'message_delta', delta: { stop_reason: tool ? 'tool_use' : 'end_turn', stop_sequence: null }, usage }],
      ['message_stop', { type: 'message_stop' }],
    ])
  },
}

const responses: Speaker = {
  at: /\/v1\/responses(\?|$)/,
  answers: ({ input }) => list(input).filter(({ type }) => String(type).endsWith('_call_output')).map(({ output }) => written(output)),
  tool: ({ tools }) => found(list(tools), ({ name, type }) => name ?? type, ({ parameters }) => parameters),
  say: (response, _, { text, tool, command, step }) => {
    const id = `resp_${Math.random().toString(36).slice(2)}`
    const item = tool
      ? { type: 'function_call', id: `fc_${step}`, call_id: `call_${step}`, name: tool.name, arguments: JSON.stringify(argumentsFor(tool, command ?? '')) }
      : { type: 'message', id: 'msg_1', role: 'assistant', content: [{ type: 'output_text', text }] }
    events(response, [
      ['response.created', { type: 'response.created', response: { id } }],
      ['response.output_item.done', { type: 'response.output_item.done', output_index: 0, item }],
      ['response.completed', { type: 'response.completed', response: { id, usage: { input_tokens: 10, input_tokens_details: null, output_tokens: 5, output_tokens_details: null, total_tokens: 15 } } }],
    ])
  },
}

const completions: Speaker = {
  at: /\/v1\/chat\/completions(\?|$)/,
  answers: ({ messages }) => list(messages).filter(({ role }) => role === 'tool').map(({ content }) => written(content)),
  tool: ({ tools }) => found(list(tools), ({ function: one }) => one?.name, ({ function: one }) => one?.parameters),
  say: (response, body, { text, tool, command, step }) => {
    const chunk = (delta: object, finish: string | null) => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: body.model ?? 'fake', choices: [{ index: 0, delta, finish_reason: finish }], usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } })
    const delta = tool
      ? { role: 'assistant', tool_calls: [{ index: 0, id: `call_${step}`, type: 'function', function: { name: tool.name, arguments: JSON.stringify(argumentsFor(tool, command ?? '')) } }] }
      : { role: 'assistant', content: text }
    events(response, [[undefined, chunk(delta, null)], [undefined, chunk({}, tool ? 'tool_calls' : 'stop')]], '[DONE]')
  },
}

const google: Speaker = {
  at: /:(streamG|g)enerateContent/,
  answers: ({ contents }) => list(contents).flatMap(({ parts }) => list(parts)).flatMap(({ functionResponse: answer }) => (answer ? [written(answer.response)] : [])),
  tool: ({ tools }) => found(list(tools).flatMap(({ functionDeclarations }) => list(functionDeclarations)), ({ name }) => name, ({ parametersJsonSchema, parameters }) => parametersJsonSchema ?? parameters),
  say: (response, body, { text, tool, command, step }) => {
    const isPlain = body.generationConfig?.responseMimeType === 'application/json'
    const part = tool ? { functionCall: { id: `call_${step}`, name: tool.name, args: argumentsFor(tool, command ?? '') } } : { text: isPlain ? '{}' : text }
    const whole = { candidates: [{ content: { role: 'model', parts: [part] }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 } }
    if (/stream/.test(response.req.url ?? '')) events(response, [[undefined, whole]])
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole))
  },
}

const SPEAKERS: readonly Speaker[] = [anthropic, responses, completions, google]

/** Shell tools call the command by different names, and some want a description, or the words one by one. */
function argumentsFor({ schema }: Tool, command: string): object {
  const properties = Object.entries(schema?.properties ?? {}) as [string, Json][]
  const name = properties.map(([key]) => key).find((key) => key === 'command' || key === 'cmd') ?? 'command'
  const isList = properties.find(([key]) => key === name)?.[1]?.type === 'array'
  return { [name]: isList ? ['bash', '-lc', command] : command, ...(properties.some(([key]) => key === 'description') ? { description: 'a step of the script' } : {}) }
}

function found(tools: readonly Json[], nameOf: (tool: Json) => Json | undefined, schemaOf: (tool: Json) => Json | undefined): Tool | undefined {
  const tool = tools.find((one) => SHELL.test(String(nameOf(one))))
  return tool && { name: String(nameOf(tool)), schema: schemaOf(tool) as Json }
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

function written(value: Json | undefined): string {
  if (typeof value === 'string') return value
  const parts = list(value)
  return parts.length > 0 ? parts.map(({ text }) => String(text ?? '')).join('') : JSON.stringify(value ?? '')
}

function isTrue(value: unknown): boolean {
  return value === true
}

function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json
  } catch {
    return {} as Json // a request without a body
  }
}

function events(response: ServerResponse, said: readonly (readonly [string | undefined, object])[], last?: string): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [event, data] of said) response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`)
  response.end(last === undefined ? undefined : `data: ${last}\n\n`)
}
