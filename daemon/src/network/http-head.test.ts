import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Chunks } from './chunks.ts'
import { forwardedHead, parseHead } from './http-head.ts'

const head = (...lines: string[]) => parseHead(lines.join('\r\n'))

test.each([
  ['a tunnel', head('CONNECT a.example:443 HTTP/1.1', 'Host: b.example'), { host: 'a.example', port: 443, path: null }],
  ['a tunnel to an address', head('CONNECT [2606:4700::1111]:443 HTTP/1.0'), { host: '[2606:4700::1111]', port: 443, path: null }],
  ['a URL', head('GET http://a.example/x?y=http://b HTTP/1.1'), { host: 'a.example', port: 80, path: '/x?y=http://b' }],
  ['a URL without a path', head('GET http://a.example:8080?q HTTP/1.1'), { host: 'a.example', port: 8080, path: '/?q' }],
  ['a length', head('POST http://a.example/ HTTP/1.1', 'Content-Length: 5'), { body: { type: 'bytes', count: 5 } }],
  ['chunks', head('POST http://a.example/ HTTP/1.1', 'transfer-encoding: Chunked'), { body: { type: 'chunked' } }],
])('understood: %s', (_, parsed, expected) => expect(parsed).toMatchObject(expected))

test.each<[string, ReturnType<typeof head>]>([
  ['a path alone', head('GET / HTTP/1.1', 'Host: a.example')], ['another scheme', head('GET https://a.example/ HTTP/1.1')], ['HTTP/2', head('GET http://a.example/ HTTP/2.0')], ['HTTP/0.9', head('GET http://a.example/')],
  ['a name and password', head('GET http://u:p@a.example/ HTTP/1.1')], ['a tunnel without a port', head('CONNECT a.example HTTP/1.1')], ['a tunnel with a path', head('CONNECT a.example:443/x HTTP/1.1')], ['port 0', head('CONNECT a.example:0 HTTP/1.1')],
  ['port 99999', head('CONNECT a.example:99999 HTTP/1.1')], ['a fragment', head('GET http://a.example/#x HTTP/1.1')], ['two spaces', head('GET  http://a.example/ HTTP/1.1')], ['a lone line feed', head('GET http://a.example/ HTTP/1.1', 'A: b\nHost: c')],
  ['a lone carriage return', head('GET http://a.example/ HTTP/1.1', 'A: b\rHost: c')], ['NUL', head('GET http://a.example/ HTTP/1.1', 'A: b\0')], ['a folded line', head('GET http://a.example/ HTTP/1.1', 'A: b', ' c')], ['a space before the colon', head('GET http://a.example/ HTTP/1.1', 'Content-Length : 5')],
  ['two lengths', head('POST http://a.example/ HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6')], ['the same length twice', head('POST http://a.example/ HTTP/1.1', 'Content-Length: 5', 'Content-Length: 5')],
  ['a list of lengths', head('POST http://a.example/ HTTP/1.1', 'Content-Length: 5, 5')], ['a signed length', head('POST http://a.example/ HTTP/1.1', 'Content-Length: +5')], ['length and chunks', head('POST http://a.example/ HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked')],
  ['another coding', head('POST http://a.example/ HTTP/1.1', 'Transfer-Encoding: gzip, chunked')], ['a disguised coding', head('POST http://a.example/ HTTP/1.1', 'Transfer-Encoding: xchunked')], ['chunks of HTTP/1.0', head('POST http://a.example/ HTTP/1.0', 'Transfer-Encoding: chunked')],
  ['a header without a name', head('GET http://a.example/ HTTP/1.1', ': x')], ['SOCKS4', head('\u0004\u0001')], ['TLS', head('\u0016\u0003\u0001')],
])('refused: %s', (_, parsed) => expect(parsed).toBeNull())

test('the server sees one request, for the host that was asked for, and nothing that was meant for the proxy', () => {
  const parsed = head('POST http://a.example:8080/x HTTP/1.1', 'Host: b.example', 'Proxy-Authorization: Basic eA==', 'Connection: keep-alive, X-Hop', 'X-Hop: 1', 'X-Kept: 2', 'Upgrade: h2c', 'Content-Length: 3')
  expect(parsed && forwardedHead(parsed)).toBe('POST /x HTTP/1.1\r\nHost: a.example:8080\r\nX-Kept: 2\r\nContent-Length: 3\r\nConnection: close\r\n\r\n')
})

test('chunks come out as they went in, however they are cut, and nothing behind them', () => {
  const body = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 })
  fc.assert(fc.property(body, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (parts, cuts) => {
    const whole = Buffer.concat([...parts.flatMap((part) => [Buffer.from(`${part.length.toString(16)};ext=1\r\n`), part, Buffer.from('\r\n')]), Buffer.from('0\r\nTrailer: x\r\n\r\nGET http://b.example/ HTTP/1.1\r\n\r\n')])
    const chunks = new Chunks()
    const out: Buffer[] = []
    for (let at = 0, turn = 0; at < whole.length; turn += 1) {
      const length = cuts[turn % cuts.length] ?? 1
      out.push(chunks.take(whole.subarray(at, at + length)))
      at += length
    }
    expect(chunks.isAtEnd).toBe(true)
    const text = Buffer.concat(out)
    expect(text.includes('b.example') || text.includes('Trailer')).toBe(false)
    const again = new Chunks()
    again.take(text)
    expect(again.isAtEnd).toBe(true)
  }), { numRuns: 50 })
})

test.each(['x\r\n', '-1\r\n', '0x5\r\n', '5\nhello\r\n', `${'1'.repeat(9)}\r\n`, '5\r\nhelloX\r\n', `${'0'.repeat(2000)}`, '5 \0\r\n'])('broken chunks: %j', (text) => expect(() => new Chunks().take(Buffer.from(text))).toThrow())
