;; Polynomials of 2048 coefficients modulo a 16-bit prime, as 32-bit integers, four at a time. No branch and no address depends on
;; a value. A residue that may be p too large, or too small and so beyond 2^31 as an unsigned number, becomes the lesser of itself and
;; itself less p, or plus p.
(module
  (import "env" "memory" (memory 1))

  ;; left = left * right, slot by slot; quotients are floor(right * 2^16 / p) (Shoup).
  (func (export "multiply") (param $left i32) (param $right i32) (param $quotients i32) (param $prime i32)
    (local $end i32) (local $p v128) (local $value v128)
    (local.set $p (i32x4.splat (local.get $prime)))
    (local.set $end (i32.add (local.get $left) (i32.const 8192)))
    (loop $next
      (local.set $value (v128.load (local.get $left)))
      (local.set $value
        (i32x4.sub
          (i32x4.mul (local.get $value) (v128.load (local.get $right)))
          (i32x4.mul (local.get $p)
            (i32x4.shr_u (i32x4.mul (local.get $value) (v128.load (local.get $quotients))) (i32.const 16)))))
      (v128.store (local.get $left)
        (i32x4.min_u (local.get $value) (i32x4.sub (local.get $value) (local.get $p))))
      (local.set $left (i32.add (local.get $left) (i32.const 16)))
      (local.set $right (i32.add (local.get $right) (i32.const 16)))
      (local.set $quotients (i32.add (local.get $quotients) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $left) (local.get $end)))))

  ;; Slots to coefficients, in place, but for the factor 1/2048. Twiddles are by their index in docs/protocol.md's order: those of
  ;; the layer with so many groups begin at that number.
  (func (export "invert") (param $slots i32) (param $twiddles i32) (param $quotients i32) (param $prime i32)
    (local $at i32) (local $end i32) (local $distance i32) (local $groupEnd i32) (local $entry i32) (local $quotientEntry i32)
    (local $p v128) (local $u v128) (local $v v128) (local $twiddle v128) (local $quotient v128)
    (local $sum v128) (local $difference v128) (local $product v128)
    (local.set $p (i32x4.splat (local.get $prime)))
    (local.set $end (i32.add (local.get $slots) (i32.const 8192)))
    ;; Neighbours: u and v are the even and odd ones of eight.
    (local.set $at (local.get $slots))
    (local.set $entry (i32.add (local.get $twiddles) (i32.const 4096)))
    (local.set $quotientEntry (i32.add (local.get $quotients) (i32.const 4096)))
    (loop $next
      (local.set $sum (v128.load (local.get $at)))
      (local.set $difference (v128.load offset=16 (local.get $at)))
      (local.set $u
        (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $sum) (local.get $difference)))
      (local.set $v
        (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $sum) (local.get $difference)))
      (local.set $twiddle (v128.load (local.get $entry)))
      (local.set $quotient (v128.load (local.get $quotientEntry)))
      (local.set $sum (i32x4.add (local.get $u) (local.get $v)))
      (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.sub (local.get $sum) (local.get $p))))
      (local.set $difference (i32x4.sub (local.get $u) (local.get $v)))
      (local.set $difference
        (i32x4.min_u (local.get $difference) (i32x4.add (local.get $difference) (local.get $p))))
      (local.set $product
        (i32x4.sub
          (i32x4.mul (local.get $difference) (local.get $twiddle))
          (i32x4.mul (local.get $p)
            (i32x4.shr_u (i32x4.mul (local.get $difference) (local.get $quotient)) (i32.const 16)))))
      (local.set $product (i32x4.min_u (local.get $product) (i32x4.sub (local.get $product) (local.get $p))))
      (v128.store (local.get $at)
        (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $sum) (local.get $product)))
      (v128.store offset=16 (local.get $at)
        (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $sum) (local.get $product)))
      (local.set $entry (i32.add (local.get $entry) (i32.const 16)))
      (local.set $quotientEntry (i32.add (local.get $quotientEntry) (i32.const 16)))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    ;; Pairs: u and v are the first and second two of each four.
    (local.set $at (local.get $slots))
    (local.set $entry (i32.add (local.get $twiddles) (i32.const 2048)))
    (local.set $quotientEntry (i32.add (local.get $quotients) (i32.const 2048)))
    (loop $next
      (local.set $sum (v128.load (local.get $at)))
      (local.set $difference (v128.load offset=16 (local.get $at)))
      (local.set $u
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $sum) (local.get $difference)))
      (local.set $v
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $sum) (local.get $difference)))
      (local.set $twiddle (v128.load64_zero (local.get $entry)))
      (local.set $twiddle
        (i8x16.shuffle 0 1 2 3 0 1 2 3 4 5 6 7 4 5 6 7 (local.get $twiddle) (local.get $twiddle)))
      (local.set $quotient (v128.load64_zero (local.get $quotientEntry)))
      (local.set $quotient
        (i8x16.shuffle 0 1 2 3 0 1 2 3 4 5 6 7 4 5 6 7 (local.get $quotient) (local.get $quotient)))
      (local.set $sum (i32x4.add (local.get $u) (local.get $v)))
      (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.sub (local.get $sum) (local.get $p))))
      (local.set $difference (i32x4.sub (local.get $u) (local.get $v)))
      (local.set $difference
        (i32x4.min_u (local.get $difference) (i32x4.add (local.get $difference) (local.get $p))))
      (local.set $product
        (i32x4.sub
          (i32x4.mul (local.get $difference) (local.get $twiddle))
          (i32x4.mul (local.get $p)
            (i32x4.shr_u (i32x4.mul (local.get $difference) (local.get $quotient)) (i32.const 16)))))
      (local.set $product (i32x4.min_u (local.get $product) (i32x4.sub (local.get $product) (local.get $p))))
      (v128.store (local.get $at)
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $sum) (local.get $product)))
      (v128.store offset=16 (local.get $at)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $sum) (local.get $product)))
      (local.set $entry (i32.add (local.get $entry) (i32.const 8)))
      (local.set $quotientEntry (i32.add (local.get $quotientEntry) (i32.const 8)))
      (local.set $at (i32.add (local.get $at) (i32.const 32)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    ;; Then u and v lie a growing distance (in bytes) apart, with one twiddle for each group of 2 distance.
    (local.set $distance (i32.const 16))
    (loop $nextLayer
      (local.set $at (local.get $slots))
      ;; 4 bytes of twiddle for each group of 2 distance bytes of 8192.
      (local.set $entry (i32.div_u (i32.const 16384) (local.get $distance)))
      (local.set $quotientEntry (i32.add (local.get $quotients) (local.get $entry)))
      (local.set $entry (i32.add (local.get $twiddles) (local.get $entry)))
      (loop $nextGroup
        (local.set $twiddle (v128.load32_splat (local.get $entry)))
        (local.set $quotient (v128.load32_splat (local.get $quotientEntry)))
        (local.set $groupEnd (i32.add (local.get $at) (local.get $distance)))
        (loop $next
          (local.set $u (v128.load (local.get $at)))
          (local.set $v (v128.load (i32.add (local.get $at) (local.get $distance))))
          (local.set $sum (i32x4.add (local.get $u) (local.get $v)))
          (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.sub (local.get $sum) (local.get $p))))
          (local.set $difference (i32x4.sub (local.get $u) (local.get $v)))
          (local.set $difference
            (i32x4.min_u (local.get $difference) (i32x4.add (local.get $difference) (local.get $p))))
          (local.set $product
            (i32x4.sub
              (i32x4.mul (local.get $difference) (local.get $twiddle))
              (i32x4.mul (local.get $p)
                (i32x4.shr_u (i32x4.mul (local.get $difference) (local.get $quotient)) (i32.const 16)))))
          (local.set $product (i32x4.min_u (local.get $product) (i32x4.sub (local.get $product) (local.get $p))))
          (v128.store (local.get $at) (local.get $sum))
          (v128.store (i32.add (local.get $at) (local.get $distance)) (local.get $product))
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br_if $next (i32.lt_u (local.get $at) (local.get $groupEnd))))
        (local.set $at (i32.add (local.get $at) (local.get $distance)))
        (local.set $entry (i32.add (local.get $entry) (i32.const 4)))
        (local.set $quotientEntry (i32.add (local.get $quotientEntry) (i32.const 4)))
        (br_if $nextGroup (i32.lt_u (local.get $at) (local.get $end))))
      (local.set $distance (i32.shl (local.get $distance) (i32.const 1)))
      (br_if $nextLayer (i32.lt_u (local.get $distance) (i32.const 8192)))))

  ;; masked = product + errors + factor * input modulo p, as 16-bit numbers: 2048 of each. Inputs are within 2^23, errors within 2^15.
  (func (export "cover")
    (param $product i32) (param $errors i32) (param $input i32) (param $masked i32)
    (param $prime i32) (param $factor i32) (param $factorQuotient i32)
    (local $end i32) (local $p v128) (local $inverse v128) (local $value v128) (local $sum v128)
    (local.set $p (i32x4.splat (local.get $prime)))
    (local.set $inverse (f32x4.div (f32x4.splat (f32.const 1)) (f32x4.convert_i32x4_s (local.get $p))))
    (local.set $end (i32.add (local.get $product) (i32.const 8192)))
    (loop $next
      ;; The input modulo p: its quotient is exact but for 1, in single precision.
      (local.set $value (v128.load (local.get $input)))
      (local.set $value
        (i32x4.sub (local.get $value)
          (i32x4.mul (local.get $p)
            (i32x4.trunc_sat_f32x4_s
              (f32x4.floor (f32x4.mul (local.get $inverse) (f32x4.convert_i32x4_s (local.get $value))))))))
      (local.set $value (i32x4.min_u (local.get $value) (i32x4.add (local.get $value) (local.get $p))))
      (local.set $value (i32x4.min_u (local.get $value) (i32x4.sub (local.get $value) (local.get $p))))
      (local.set $value
        (i32x4.sub
          (i32x4.mul (local.get $value) (i32x4.splat (local.get $factor)))
          (i32x4.mul (local.get $p)
            (i32x4.shr_u (i32x4.mul (local.get $value) (i32x4.splat (local.get $factorQuotient))) (i32.const 16)))))
      (local.set $value (i32x4.min_u (local.get $value) (i32x4.sub (local.get $value) (local.get $p))))
      (local.set $sum (i32x4.add (v128.load (local.get $product)) (v128.load16x4_s (local.get $errors))))
      (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.add (local.get $sum) (local.get $p))))
      (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.sub (local.get $sum) (local.get $p))))
      (local.set $sum (i32x4.add (local.get $sum) (local.get $value)))
      (local.set $sum (i32x4.min_u (local.get $sum) (i32x4.sub (local.get $sum) (local.get $p))))
      (v128.store64_lane 0 (local.get $masked) (i16x8.narrow_i32x4_u (local.get $sum) (local.get $sum)))
      (local.set $product (i32.add (local.get $product) (i32.const 16)))
      (local.set $input (i32.add (local.get $input) (i32.const 16)))
      (local.set $errors (i32.add (local.get $errors) (i32.const 8)))
      (local.set $masked (i32.add (local.get $masked) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $product) (local.get $end))))))
