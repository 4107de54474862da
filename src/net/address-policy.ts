import ipaddr from "ipaddr.js";

/** Names that a private network answers for: RFC 6761 (localhost), 6762 (local), 8375 (home.arpa), and by custom. */
const PRIVATE_SUFFIXES = ["localhost", "local", "internal", "home.arpa", "lan"];

/** All that IANA has given out of IPv6. Outside it lie, among others, NAT64 and the old spelling `::127.0.0.1`. */
const IPV6_GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * Why the service must not fetch the URL, or null if it may: its host is not a public address or name. Ask again
 * for every redirect. `URL` has already undone odd spellings of IPv4 (`0x7f.1`, `2130706433`).
 *
 * A name that resolves to a private address passes: a Worker cannot see what a name resolves to.
 */
export function refuseAddress(url: URL): string | null {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.+$/, "");
  if (ipaddr.isValid(host)) {
    const range = rangeOf(ipaddr.parse(host));
    return range === "unicast" ? null : `not a public address: ${host} (${range})`;
  }
  const isPrivate = PRIVATE_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
  return isPrivate || !host.includes(".") ? `not a public name: ${host}` : null;
}

function rangeOf(address: ipaddr.IPv4 | ipaddr.IPv6): string {
  const range = address.range();
  if (range !== "unicast" || address.kind() === "ipv4") return range;
  return address.match(IPV6_GLOBAL_UNICAST) ? "unicast" : "reserved";
}
