;; Rows of squares averaged, eight means a turn, halves up. Parameters: the address of a row of squares, bytes from row to row, bytes
;; of a row of squares, the address of its means, the end of all means, and bytes of a row of means. A turn may write beyond
;; its row, where the next row overwrites it.
(module
  (import "env" "memory" (memory 1))

  ;; Squares of two pixels.
  (func (export "halves")
    (param $top i32) (param $stride i32) (param $span i32) (param $means i32) (param $meansEnd i32)
    (param $meansSpan i32)
    (local $first i32) (local $second i32) (local $end i32) (local $out i32) (local $two v128)
    (local.set $two (i32x4.splat (i32.const 2)))
    (loop $next
      (local.set $first (local.get $top))
      (local.set $second (i32.add (local.get $top) (local.get $stride)))
      (local.set $end (i32.add (local.get $top) (local.get $span)))
      (local.set $out (local.get $means))
      (loop $each
        (v128.store
          (local.get $out)
          (i16x8.narrow_i32x4_s
            (i32x4.shr_s
              (i32x4.add
                (i32x4.add
                  (i32x4.extadd_pairwise_i16x8_s (v128.load (local.get $first)))
                  (i32x4.extadd_pairwise_i16x8_s (v128.load (local.get $second))))
                (local.get $two))
              (i32.const 2))
            (i32x4.shr_s
              (i32x4.add
                (i32x4.add
                  (i32x4.extadd_pairwise_i16x8_s (v128.load offset=16 (local.get $first)))
                  (i32x4.extadd_pairwise_i16x8_s (v128.load offset=16 (local.get $second))))
                (local.get $two))
              (i32.const 2))))
        (local.set $first (i32.add (local.get $first) (i32.const 32)))
        (local.set $second (i32.add (local.get $second) (i32.const 32)))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (br_if $each (i32.lt_u (local.get $first) (local.get $end))))
      (local.set $top (i32.add (i32.add (local.get $top) (local.get $stride)) (local.get $stride)))
      (local.set $means (i32.add (local.get $means) (local.get $meansSpan)))
      (br_if $next (i32.lt_u (local.get $means) (local.get $meansEnd)))))

  ;; Squares of three pixels. floor((sum + 4) / 9) without a division: the sum, lifted by nine times the lowest HU, is 4 to 36859,
  ;; and there the product with 2^19 / 9, rounded up to 58255, is exact.
  (func (export "thirds")
    (param $top i32) (param $stride i32) (param $span i32) (param $means i32) (param $meansEnd i32)
    (param $meansSpan i32)
    (local $first i32) (local $second i32) (local $third i32) (local $end i32) (local $out i32) (local $sumsA v128)
    (local $sumsB v128) (local $sumsC v128) (local $raised v128) (local $ninth v128) (local $lift v128)
    (local $lowest v128)
    (local.set $ninth (i16x8.splat (i32.const 58255)))
    (local.set $lift (i16x8.splat (i32.const 9220)))
    (local.set $lowest (i16x8.splat (i32.const 1024)))
    (loop $next
      (local.set $first (local.get $top))
      (local.set $second (i32.add (local.get $top) (local.get $stride)))
      (local.set $third (i32.add (i32.add (local.get $top) (local.get $stride)) (local.get $stride)))
      (local.set $end (i32.add (local.get $top) (local.get $span)))
      (local.set $out (local.get $means))
      (loop $each
        (local.set $sumsA
          (i16x8.add
            (i16x8.add (v128.load (local.get $first)) (v128.load (local.get $second)))
            (v128.load (local.get $third))))
        (local.set $sumsB
          (i16x8.add
            (i16x8.add (v128.load offset=16 (local.get $first)) (v128.load offset=16 (local.get $second)))
            (v128.load offset=16 (local.get $third))))
        (local.set $sumsC
          (i16x8.add
            (i16x8.add (v128.load offset=32 (local.get $first)) (v128.load offset=32 (local.get $second)))
            (v128.load offset=32 (local.get $third))))
        (local.set $raised
          (i16x8.add
            (i16x8.add
              (i16x8.add
                (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 20 21 26 27
                  (i8x16.shuffle 0 1 6 7 12 13 18 19 24 25 30 31 4 5 10 11 (local.get $sumsA) (local.get $sumsB))
                  (local.get $sumsC))
                (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 16 17 22 23 28 29
                  (i8x16.shuffle 2 3 8 9 14 15 20 21 26 27 0 1 6 7 12 13 (local.get $sumsA) (local.get $sumsB))
                  (local.get $sumsC)))
              (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 18 19 24 25 30 31
                (i8x16.shuffle 4 5 10 11 16 17 22 23 28 29 2 3 8 9 14 15 (local.get $sumsA) (local.get $sumsB))
                (local.get $sumsC)))
            (local.get $lift)))
        (v128.store
          (local.get $out)
          (i16x8.sub
            (i16x8.narrow_i32x4_s
              (i32x4.shr_u (i32x4.extmul_low_i16x8_u (local.get $raised) (local.get $ninth)) (i32.const 19))
              (i32x4.shr_u (i32x4.extmul_high_i16x8_u (local.get $raised) (local.get $ninth)) (i32.const 19)))
            (local.get $lowest)))
        (local.set $first (i32.add (local.get $first) (i32.const 48)))
        (local.set $second (i32.add (local.get $second) (i32.const 48)))
        (local.set $third (i32.add (local.get $third) (i32.const 48)))
        (local.set $out (i32.add (local.get $out) (i32.const 16)))
        (br_if $each (i32.lt_u (local.get $first) (local.get $end))))
      (local.set $top
        (i32.add (i32.add (i32.add (local.get $top) (local.get $stride)) (local.get $stride)) (local.get $stride)))
      (local.set $means (i32.add (local.get $means) (local.get $meansSpan)))
      (br_if $next (i32.lt_u (local.get $means) (local.get $meansEnd))))))
