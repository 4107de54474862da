import { expect, test } from "vitest";
import { refuseAddress } from "../../src/net/address-policy.ts";

test.for([
  ["127.0.0.1", "loopback"],
  ["127.255.255.254", "loopback"],
  ["0.0.0.0", "unspecified"],
  ["10.1.2.3", "private"],
  ["172.16.0.1", "private"],
  ["172.31.255.255", "private"],
  ["192.168.1.1", "private"],
  ["100.64.0.1", "carrierGradeNat"],
  ["169.254.169.254", "linkLocal"],
  ["192.0.2.1", "reserved"],
  ["198.18.0.1", "reserved"],
  ["240.0.0.1", "reserved"],
  ["224.0.0.1", "multicast"],
  ["255.255.255.255", "broadcast"],
  ["[::]", "unspecified"],
  ["[::1]", "loopback"],
  ["[fe80::1]", "linkLocal"],
  ["[fd00::1]", "uniqueLocal"],
  ["[ff02::1]", "multicast"],
  ["[::ffff:8.8.8.8]", "ipv4Mapped"],
  ["[::127.0.0.1]", "reserved"],
  ["[2002:7f00:1::]", "6to4"],
  ["[2001:0:1::]", "teredo"],
  ["[64:ff9b::7f00:1]", "rfc6052"],
  ["[2001:db8::1]", "reserved"],
  ["[4000::1]", "reserved"],
] as const)("%s is refused as %s", ([host, range]) => {
  expect(refuseAddress(new URL(`http://${host}/`))).toMatch(new RegExp(`^not a public address: .* \\(${range}\\)$`));
});

test.for([
  "2130706433", // 127.0.0.1 as one number
  "0x7f.1",
  "0177.0.0.1",
  "127.1",
  "127.0.0.1.",
  "１２７.0.0.1",
  "127。0。0。1",
  "%31%32%37.0.0.1",
])("%s is 127.0.0.1 and is refused", (host) => {
  expect(refuseAddress(new URL(`http://${host}/`))).toBe("not a public address: 127.0.0.1 (loopback)");
});

test.for([
  "localhost",
  "LOCALHOST",
  "localhost.",
  "localhost..",
  "api.localhost",
  "printer.local",
  "metadata.google.internal",
  "metadata.google.internal.",
  "nas.home.arpa",
  "router.lan",
  "intranet",
  "intranet.",
])("the name %s is refused", (host) => {
  expect(refuseAddress(new URL(`https://${host}/`))).toMatch(/^not a public name: /);
});

test.for([
  "example.com",
  "example.com.",
  "localhost.example.com",
  "notlocalhost.com",
  "mylocal.io",
  "example.wlan",
  "lan.example",
  "8.8.8.8",
  "172.32.0.1",
  "100.128.0.1",
  "[2606:4700:4700::1111]",
])("%s may be fetched", (host) => {
  expect(refuseAddress(new URL(`https://${host}/`))).toBeNull();
});

test("a port, a path or a query does not make a private address public", () => {
  expect(refuseAddress(new URL("http://10.0.0.1:8080/8.8.8.8?host=example.com#example.com"))).not.toBeNull();
});
