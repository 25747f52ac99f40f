import { toHex } from '../../../shared/src/bytes.ts';
import { MAX_LEAF_BYTES } from '../../../shared/src/limits/swarm.ts';
import { PieceTree, TREE_HASH_BYTES, type TreeShape, treeShape } from './merkle.ts';
import type { Metainfo, TorrentFile } from './types.ts';

/** A file that has a hash tree. */
export interface HashedFile {
  /** Place among the torrent's files. */
  readonly index: number;
  readonly piecesRoot: Uint8Array;
  readonly shape: TreeShape;
  /** The torrent's piece that is the file's first. Pieces never span files (BEP 52). */
  readonly firstPiece: number;
}

/**
 * The lengths of pieces that end before `pieceLength` because their file does, by piece. What follows in them is padding:
 * zeros that are neither asked for nor hashed into the tree. Empty in v1, where pieces span files.
 */
export function shortPieces(metainfo: Metainfo): ReadonlyMap<number, number> {
  const lengths = new Map<number, number>();
  for (const file of metainfo.files) {
    const rest = file.length % metainfo.pieceLength;
    if (!file.piecesRoot || rest === 0) continue;
    lengths.set(Math.floor((file.offset + file.length) / metainfo.pieceLength), rest);
  }
  return lengths;
}

/** What is known of a torrent's hash trees: piece layers, and the leaves of some pieces. All of it is verified. */
export class HashTrees {
  /** Nothing can be verified without the piece layers: there are no SHA-1 hashes. */
  readonly areRequired: boolean;
  /** The files with a tree. */
  readonly files: readonly HashedFile[];
  readonly #layers: (Uint8Array | undefined)[];
  /** For each piece the place of its file in `files`. */
  readonly #fileOf: Int32Array;
  /** Equal files have equal roots. BOUNDED: by the files. */
  readonly #byRoot = new Map<string, HashedFile[]>();
  /** Made when first needed. BOUNDED: by the files. */
  readonly #trees = new Map<HashedFile, PieceTree>();
  /** Leaves by piece, oldest first. BOUNDED: by MAX_LEAF_BYTES. */
  readonly #leaves = new Map<number, Uint8Array>();
  #leafBytes = 0;
  #missingLayers = 0;

  constructor(metainfo: Metainfo) {
    const { pieceLength, totalLength } = metainfo;
    this.areRequired = metainfo.version === 'v2';
    this.files = metainfo.files.flatMap((file, index) => hashedFile(file, index, pieceLength) ?? []);
    this.#layers = this.files.map(({ index, piecesRoot, shape }) =>
      // The root is the layer of a file of one piece.
      shape.pieceCount === 1 ? piecesRoot : metainfo.pieceLayers?.[index],
    );
    this.#fileOf = new Int32Array(Math.ceil(totalLength / pieceLength)).fill(-1);
    for (const [place, file] of this.files.entries()) {
      this.#fileOf.fill(place, file.firstPiece, file.firstPiece + file.shape.pieceCount);
      const root = toHex(file.piecesRoot);
      const equals = this.#byRoot.get(root);
      if (equals) equals.push(file);
      else this.#byRoot.set(root, [file]);
      if (!this.#layers[place]) this.#missingLayers++;
    }
  }

  /** The piece layers of all files are here. */
  get areLayersComplete(): boolean {
    return this.#missingLayers === 0;
  }

  /** The files that have this root. */
  withRoot(piecesRoot: Uint8Array): readonly HashedFile[] {
    return this.#byRoot.get(toHex(piecesRoot)) ?? [];
  }

  /** The file that the piece is of. */
  fileOf(piece: number): HashedFile | undefined {
    return this.files[this.#fileOf[piece] ?? -1];
  }

  hasLayer(file: HashedFile): boolean {
    return this.#layers[this.#placeOf(file)] !== undefined;
  }

  setLayer(file: HashedFile, layer: Uint8Array): void {
    const place = this.#placeOf(file);
    if (!this.#layers[place]) this.#missingLayers--;
    this.#layers[place] = layer;
  }

  /** The layers in the shape of `Metainfo.pieceLayers`. */
  layersOf(metainfo: Metainfo): (Uint8Array | undefined)[] {
    const layers = metainfo.files.map((): Uint8Array | undefined => undefined);
    for (const [place, file] of this.files.entries()) layers[file.index] = this.#layers[place];
    return layers;
  }

  /** The tree above the pieces of the file; undefined while its piece layer is not known. */
  tree(file: HashedFile): PieceTree | undefined {
    const known = this.#trees.get(file);
    const layer = this.#layers[this.#placeOf(file)];
    if (known || !layer) return known;
    const tree = new PieceTree(file.shape, layer);
    this.#trees.set(file, tree);
    return tree;
  }

  /** The hash of the piece in its piece layer, if that is known. */
  pieceHash(piece: number): Uint8Array | undefined {
    const place = this.#fileOf[piece] ?? -1;
    const at = (piece - (this.files[place]?.firstPiece ?? 0)) * TREE_HASH_BYTES;
    return this.#layers[place]?.subarray(at, at + TREE_HASH_BYTES);
  }

  /** The leaves of all blocks of the piece, if they are known. */
  leavesOf(piece: number): Uint8Array | undefined {
    const leaves = this.#leaves.get(piece);
    if (leaves) return leaves;
    // Where a piece is one block its hash is the leaf.
    return this.fileOf(piece)?.shape.pieceLayer === 0 ? this.pieceHash(piece) : undefined;
  }

  /** The leaf of a block of the piece, if it is known. */
  leafAt(piece: number, block: number): Uint8Array | undefined {
    return this.leavesOf(piece)?.subarray(block * TREE_HASH_BYTES, (block + 1) * TREE_HASH_BYTES);
  }

  /** Keeps leaves that were verified. */
  keepLeaves(piece: number, leaves: Uint8Array): void {
    this.#leafBytes += leaves.length - (this.#leaves.get(piece)?.length ?? 0);
    this.#leaves.set(piece, leaves);
    for (const [oldest, { length }] of this.#leaves) {
      if (this.#leafBytes <= MAX_LEAF_BYTES) return;
      this.#leaves.delete(oldest);
      this.#leafBytes -= length;
    }
  }

  #placeOf(file: HashedFile): number {
    return this.#fileOf[file.firstPiece] as number;
  }
}

function hashedFile(file: TorrentFile, index: number, pieceLength: number): HashedFile | undefined {
  if (!file.piecesRoot) return undefined;
  const firstPiece = Math.floor(file.offset / pieceLength);
  return { index, piecesRoot: file.piecesRoot, shape: treeShape(file.length, pieceLength), firstPiece };
}
