// Which keys members have and had. A member may change its key as often as it pays for: copying all keys at each change
// would cost a reader of the history the square of their number.
import type { HospitalAddress } from "../format/digest.ts";

interface Owned {
  readonly index: number;
  /** Place among all keys, in the order of their first use. */
  readonly place: number;
}

/** What all versions of one history share; a version ignores what lies beyond its own count. */
interface Shared {
  readonly owners: Map<HospitalAddress, Owned>;
  readonly ofMember: HospitalAddress[][];
}

/** An immutable value: `with` leaves the version it starts from as it was. */
export class MemberKeys {
  readonly #shared: Shared;
  /** Keys of this version, in all. */
  readonly #count: number;

  private constructor(shared: Shared, count: number) {
    this.#shared = shared;
    this.#count = count;
  }

  static none(): MemberKeys {
    return new MemberKeys({ owners: new Map(), ofMember: [] }, 0);
  }

  /** Index of the member that has or had this key, active or not: a key never belongs to two members. */
  ownerOf(key: HospitalAddress): number | undefined {
    const owned = this.#shared.owners.get(key);
    return owned && owned.place < this.#count ? owned.index : undefined;
  }

  /** Keys of one member, the first to the present one. */
  of(index: number): readonly HospitalAddress[] {
    const { owners, ofMember } = this.#shared;
    return (ofMember[index] ?? []).filter((key) => owners.get(key)!.place < this.#count);
  }

  /** @param key one that nobody has or had */
  with(index: number, key: HospitalAddress): MemberKeys {
    // Another version has grown from this one, as before a reorganisation: the two share nothing from here on.
    const isNewest = this.#count > 0 && this.#shared.owners.size === this.#count;
    const shared = isNewest ? this.#shared : this.#copy();
    shared.owners.set(key, { index, place: this.#count });
    const own = shared.ofMember[index] ?? [];
    own.push(key);
    shared.ofMember[index] = own;
    return new MemberKeys(shared, this.#count + 1);
  }

  #copy(): Shared {
    const owners = new Map([...this.#shared.owners].filter(([, { place }]) => place < this.#count));
    return { owners, ofMember: this.#shared.ofMember.map((_, index) => [...this.of(index)]) };
  }
}
