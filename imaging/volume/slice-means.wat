;; Slices averaged to one, eight pixels a turn, halves up. Each of the four sums holds two pixels as 64-bit floats and is rounded
;; to 32 bits after each slice, as a Float32Array would.
(module
  (import "env" "memory" (memory 1))

  ;; Addresses of the first slice's pixels, of their end, of the means, of the shares and of the last share, and bytes from slice
  ;; to slice. The shares are 64-bit floats: a half, and then each slice's share.
  (func (export "mean")
    (param $first i32) (param $end i32) (param $out i32) (param $shares i32) (param $sharesEnd i32)
    (param $sliceBytes i32)
    (local $at i32) (local $share i32) (local $pixels v128) (local $sumA v128) (local $sumB v128) (local $sumC v128)
    (local $sumD v128)
    (loop $next
      (local.set $sumA (i32x4.splat (i32.const 0)))
      (local.set $sumB (i32x4.splat (i32.const 0)))
      (local.set $sumC (i32x4.splat (i32.const 0)))
      (local.set $sumD (i32x4.splat (i32.const 0)))
      (local.set $at (local.get $first))
      (local.set $share (local.get $shares))
      (loop $each
        (local.set $pixels (v128.load (local.get $at)))
        (local.set $sumA
          (f64x2.promote_low_f32x4
            (f32x4.demote_f64x2_zero
              (f64x2.add
                (local.get $sumA)
                (f64x2.mul
                  (v128.load64_splat offset=8 (local.get $share))
                  (f64x2.convert_low_i32x4_s (i32x4.extend_low_i16x8_s (local.get $pixels))))))))
        (local.set $sumB
          (f64x2.promote_low_f32x4
            (f32x4.demote_f64x2_zero
              (f64x2.add
                (local.get $sumB)
                (f64x2.mul
                  (v128.load64_splat offset=8 (local.get $share))
                  (f64x2.convert_low_i32x4_s
                    (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
                      (i32x4.extend_low_i16x8_s (local.get $pixels))
                      (i32x4.extend_low_i16x8_s (local.get $pixels)))))))))
        (local.set $sumC
          (f64x2.promote_low_f32x4
            (f32x4.demote_f64x2_zero
              (f64x2.add
                (local.get $sumC)
                (f64x2.mul
                  (v128.load64_splat offset=8 (local.get $share))
                  (f64x2.convert_low_i32x4_s (i32x4.extend_high_i16x8_s (local.get $pixels))))))))
        (local.set $sumD
          (f64x2.promote_low_f32x4
            (f32x4.demote_f64x2_zero
              (f64x2.add
                (local.get $sumD)
                (f64x2.mul
                  (v128.load64_splat offset=8 (local.get $share))
                  (f64x2.convert_low_i32x4_s
                    (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
                      (i32x4.extend_high_i16x8_s (local.get $pixels))
                      (i32x4.extend_high_i16x8_s (local.get $pixels)))))))))
        (local.set $at (i32.add (local.get $at) (local.get $sliceBytes)))
        (local.set $share (i32.add (local.get $share) (i32.const 8)))
        (br_if $each (i32.lt_u (local.get $share) (local.get $sharesEnd))))
      (v128.store
        (local.get $out)
        (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f64x2_s_zero
              (f64x2.floor (f64x2.add (local.get $sumA) (v128.load64_splat (local.get $shares)))))
            (i32x4.trunc_sat_f64x2_s_zero
              (f64x2.floor (f64x2.add (local.get $sumB) (v128.load64_splat (local.get $shares))))))
          (i16x8.narrow_i32x4_s
            (i32x4.trunc_sat_f64x2_s_zero
              (f64x2.floor (f64x2.add (local.get $sumC) (v128.load64_splat (local.get $shares)))))
            (i32x4.trunc_sat_f64x2_s_zero
              (f64x2.floor (f64x2.add (local.get $sumD) (v128.load64_splat (local.get $shares))))))))
      (local.set $out (i32.add (local.get $out) (i32.const 16)))
      (local.set $first (i32.add (local.get $first) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $first) (local.get $end))))))
