;; The inner loop of an exact weighted sum, eight coordinates a turn: sums += a * wa + b * wb + c * wc + d * wd,
;; for four columns of integers and 32-bit sums. A weight argument holds two 16-bit weights, the first in the low half.
(module
  (import "env" "memory" (memory 1))

  ;; Columns of 8-bit integers.
  (func (export "i8")
    (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $weightsAB i32) (param $weightsCD i32)
    (param $sums i32) (param $sumsEnd i32)
    (local $pairAB v128) (local $pairCD v128) (local $columnA v128) (local $columnB v128) (local $columnC v128)
    (local $columnD v128)
    (local.set $pairAB (i32x4.splat (local.get $weightsAB)))
    (local.set $pairCD (i32x4.splat (local.get $weightsCD)))
    (loop $next
      (local.set $columnA (v128.load8x8_s (local.get $a)))
      (local.set $columnB (v128.load8x8_s (local.get $b)))
      (local.set $columnC (v128.load8x8_s (local.get $c)))
      (local.set $columnD (v128.load8x8_s (local.get $d)))
      (v128.store
        (local.get $sums)
        (i32x4.add
          (i32x4.add
            (v128.load (local.get $sums))
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $columnA) (local.get $columnB))
              (local.get $pairAB)))
          (i32x4.dot_i16x8_s
            (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $columnC) (local.get $columnD))
            (local.get $pairCD))))
      (v128.store offset=16
        (local.get $sums)
        (i32x4.add
          (i32x4.add
            (v128.load offset=16 (local.get $sums))
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $columnA) (local.get $columnB))
              (local.get $pairAB)))
          (i32x4.dot_i16x8_s
            (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $columnC) (local.get $columnD))
            (local.get $pairCD))))
      (local.set $a (i32.add (local.get $a) (i32.const 8)))
      (local.set $b (i32.add (local.get $b) (i32.const 8)))
      (local.set $c (i32.add (local.get $c) (i32.const 8)))
      (local.set $d (i32.add (local.get $d) (i32.const 8)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $sums) (local.get $sumsEnd)))))

  ;; Columns of 16-bit integers.
  (func (export "i16")
    (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $weightsAB i32) (param $weightsCD i32)
    (param $sums i32) (param $sumsEnd i32)
    (local $pairAB v128) (local $pairCD v128) (local $columnA v128) (local $columnB v128) (local $columnC v128)
    (local $columnD v128)
    (local.set $pairAB (i32x4.splat (local.get $weightsAB)))
    (local.set $pairCD (i32x4.splat (local.get $weightsCD)))
    (loop $next
      (local.set $columnA (v128.load (local.get $a)))
      (local.set $columnB (v128.load (local.get $b)))
      (local.set $columnC (v128.load (local.get $c)))
      (local.set $columnD (v128.load (local.get $d)))
      (v128.store
        (local.get $sums)
        (i32x4.add
          (i32x4.add
            (v128.load (local.get $sums))
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $columnA) (local.get $columnB))
              (local.get $pairAB)))
          (i32x4.dot_i16x8_s
            (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23 (local.get $columnC) (local.get $columnD))
            (local.get $pairCD))))
      (v128.store offset=16
        (local.get $sums)
        (i32x4.add
          (i32x4.add
            (v128.load offset=16 (local.get $sums))
            (i32x4.dot_i16x8_s
              (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $columnA) (local.get $columnB))
              (local.get $pairAB)))
          (i32x4.dot_i16x8_s
            (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31 (local.get $columnC) (local.get $columnD))
            (local.get $pairCD))))
      (local.set $a (i32.add (local.get $a) (i32.const 16)))
      (local.set $b (i32.add (local.get $b) (i32.const 16)))
      (local.set $c (i32.add (local.get $c) (i32.const 16)))
      (local.set $d (i32.add (local.get $d) (i32.const 16)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $sums) (local.get $sumsEnd))))))
