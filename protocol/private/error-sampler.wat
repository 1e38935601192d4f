;; Discrete Gaussian errors by a cumulative table, the whole of which is read for every sample: no address depends on a random
;; number, and one branch: where the upper 32 bits of a number are those of a threshold, which happens to one in 2^26, all bits of its
;; group of four are compared. Its time says that some sample is at some edge, and not at which.
(module
  (import "env" "memory" (memory 1))

  ;; A sample takes a 128-bit number u (little-endian). Its magnitude is the count of thresholds that are at most u, its
  ;; sign is the lowest bit of u (thresholds are even). Two samples a turn. A threshold is 16 bytes: upper and lower half,
  ;; each less 2^63, since vectors compare signed numbers only.
  ;; Addresses: random numbers, their end, samples (16-bit integers), thresholds, their end.
  (func $exact
    (param $at i32) (param $end i32) (param $samples i32) (param $table i32) (param $tableEnd i32)
    (local $entry i32) (local $bias v128) (local $first v128) (local $second v128)
    (local $upper v128) (local $lower v128) (local $bound v128) (local $count v128) (local $sign v128)
    (local.set $bias (i64x2.splat (i64.const 0x8000000000000000)))
    (loop $next
      (local.set $first (v128.load (local.get $at)))
      (local.set $second (v128.load offset=16 (local.get $at)))
      (local.set $lower
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $first) (local.get $second)))
      (local.set $upper
        (v128.xor (local.get $bias)
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $first) (local.get $second))))
      ;; All ones where the sample is negative.
      (local.set $sign (i64x2.neg (v128.and (local.get $lower) (i64x2.splat (i64.const 1)))))
      (local.set $lower (v128.xor (local.get $bias) (local.get $lower)))
      (local.set $count (i64x2.splat (i64.const 0)))
      (local.set $entry (local.get $table))
      (loop $threshold
        (local.set $bound (v128.load64_splat (local.get $entry)))
        ;; Less 1 for each threshold that is at most u: not (u < threshold).
        (local.set $count
          (i64x2.add (local.get $count)
            (v128.not
              (v128.or
                (i64x2.lt_s (local.get $upper) (local.get $bound))
                (v128.and
                  (i64x2.eq (local.get $upper) (local.get $bound))
                  (i64x2.lt_s (local.get $lower) (v128.load64_splat offset=8 (local.get $entry))))))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
        (br_if $threshold (i32.lt_u (local.get $entry) (local.get $tableEnd))))
      ;; The count is negative: (-count ^ sign) - sign.
      (local.set $count
        (i64x2.sub (v128.xor (i64x2.neg (local.get $count)) (local.get $sign)) (local.get $sign)))
      (i64.store16 (local.get $samples) (i64x2.extract_lane 0 (local.get $count)))
      (i64.store16 offset=2 (local.get $samples) (i64x2.extract_lane 1 (local.get $count)))
      (local.set $samples (i32.add (local.get $samples) (i32.const 4)))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end)))))

  ;; As `exact`, four samples a turn. `tops` are the upper 32 bits of thresholds, less 2^31: all that are not all ones, and once all ones.
  (func (export "sample")
    (param $at i32) (param $end i32) (param $samples i32) (param $table i32) (param $tableEnd i32)
    (param $tops i32) (param $topsEnd i32)
    (local $entry i32) (local $bound v128) (local $top v128) (local $count v128) (local $equal v128) (local $sign v128)
    (loop $next
      (local.set $top
        (i32x4.sub
          (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
            (i8x16.shuffle 12 13 14 15 28 29 30 31 0 0 0 0 0 0 0 0
              (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
            (i8x16.shuffle 12 13 14 15 28 29 30 31 0 0 0 0 0 0 0 0
              (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at))))
          (i32x4.splat (i32.const 0x80000000))))
      (local.set $sign
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23
          (i8x16.shuffle 0 1 2 3 16 17 18 19 0 0 0 0 0 0 0 0
            (v128.load (local.get $at)) (v128.load offset=16 (local.get $at)))
          (i8x16.shuffle 0 1 2 3 16 17 18 19 0 0 0 0 0 0 0 0
            (v128.load offset=32 (local.get $at)) (v128.load offset=48 (local.get $at)))))
      ;; All ones where the sample is negative.
      (local.set $sign (i32x4.neg (v128.and (local.get $sign) (i32x4.splat (i32.const 1)))))
      (local.set $count (i32x4.splat (i32.const 0)))
      (local.set $equal (i32x4.splat (i32.const 0)))
      (local.set $entry (local.get $tops))
      (loop $threshold
        (local.set $bound (v128.load32_splat (local.get $entry)))
        (local.set $count (i32x4.sub (local.get $count) (i32x4.gt_s (local.get $top) (local.get $bound))))
        (local.set $equal (v128.or (local.get $equal) (i32x4.eq (local.get $top) (local.get $bound))))
        (local.set $entry (i32.add (local.get $entry) (i32.const 4)))
        (br_if $threshold (i32.lt_u (local.get $entry) (local.get $topsEnd))))
      (local.set $count (i32x4.sub (v128.xor (local.get $count) (local.get $sign)) (local.get $sign)))
      (v128.store64_lane 0 (local.get $samples) (i16x8.narrow_i32x4_s (local.get $count) (local.get $count)))
      (if (v128.any_true (local.get $equal))
        (then
          (call $exact (local.get $at) (i32.add (local.get $at) (i32.const 64)) (local.get $samples)
            (local.get $table) (local.get $tableEnd))))
      (local.set $samples (i32.add (local.get $samples) (i32.const 8)))
      (local.set $at (i32.add (local.get $at) (i32.const 64)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))))
