import { BlockList } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addressBytes, isSameAddress, placeOf } from './addresses.ts'

test.each([
  '0.0.0.0', '10.1.2.3', '100.64.0.1', '100.100.100.200', '127.0.0.1', '127.255.255.254', '169.254.169.254', '168.63.129.16', '172.16.0.1', '172.31.255.255', '192.0.0.192', '192.168.1.1', '198.18.0.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '::127.0.0.1', '64:ff9b::10.0.0.1', '64:ff9b::a9fe:a9fe', '64:ff9b:1::1', '2001::1', '2002:7f00:1::', 'fe80::1', 'fe80::1%lo', 'fec0::1', 'fc00::1', 'fd00:ec2::254', 'ff02::1', '100::1', '5f00::1', '4000::1', 'nonsense', '',
])('%s is no public place', (address) => expect(placeOf(address)).not.toBeNull())

test.each(['1.1.1.1', '8.8.8.8', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '192.167.0.1', '203.0.113.80', '223.255.255.255', '2606:4700::1111', '2a00:1450:4001::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])('%s is', (address) => expect(placeOf(address)).toBeNull())

test('bytes are those that the system would make of it', () => {
  fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
    const kind = address.includes(':') ? 'ipv6' : 'ipv4'
    const bytes = addressBytes(address)
    const again = bytes?.length === 4 ? bytes.join('.') : Array.from({ length: 8 }, (_, at) => bytes?.readUInt16BE(at * 2).toString(16)).join(':')
    const list = new BlockList()
    list.addAddress(address, kind)
    expect(list.check(again, kind)).toBe(true)
    expect(isSameAddress(address, again)).toBe(true)
  }))
})
