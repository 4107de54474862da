/** A source of chance that a seed decides: sfc32 (Chris Doty-Humphrey's PractRand), seeded by FNV-1a of the text. */
export function createChance(seed: string) {
  let [a, b, c, counter] = [hash(`${seed}/a`), hash(`${seed}/b`), hash(`${seed}/c`), 1];

  /** Uniform in [0, 1). */
  function fraction(): number {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  for (let n = 0; n < 12; n++) fraction(); // mixes the seed in

  /** A whole number from `low` to `high`, both included. */
  const between = (low: number, high: number) => low + Math.floor(fraction() * (high - low + 1));

  function pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(fraction() * items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  /** One of the names, each as likely as its weight. */
  function weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries(weights) as [Name, number][];
    let left = fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    throw new Error("every weight is zero");
  }

  return { fraction, between, pick, weighted, happens: (probability: number) => fraction() < probability };
}

export type Chance = ReturnType<typeof createChance>;

function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let n = 0; n < text.length; n++) value = Math.imul(value ^ text.charCodeAt(n), 0x01000193);
  return value;
}
