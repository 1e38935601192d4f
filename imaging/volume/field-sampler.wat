;; A field of view averaged down by tables of weights, in 64-bit floats and in a fixed order. An entry of a table is the address of
;; its first input and of the one after its last (32 bits each), what lies beyond the plane, and the weights (64-bit floats).
(module
  (import "env" "memory" (memory 1))

  ;; Two rows of pixels to pairs of 64-bit floats, one above the other, eight pixels a turn.
  (func (export "pairRows")
    (param $above i32) (param $below i32) (param $end i32) (param $out i32)
    (local $mixed v128)
    (loop $next
      (local.set $mixed
        (i8x16.shuffle 0 1 16 17 2 3 18 19 4 5 20 21 6 7 22 23
          (v128.load (local.get $above))
          (v128.load (local.get $below))))
      (v128.store (local.get $out) (f64x2.convert_low_i32x4_s (i32x4.extend_low_i16x8_s (local.get $mixed))))
      (v128.store offset=16
        (local.get $out)
        (f64x2.convert_low_i32x4_s
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (i32x4.extend_low_i16x8_s (local.get $mixed))
            (i32x4.extend_low_i16x8_s (local.get $mixed)))))
      (v128.store offset=32
        (local.get $out)
        (f64x2.convert_low_i32x4_s (i32x4.extend_high_i16x8_s (local.get $mixed))))
      (v128.store offset=48
        (local.get $out)
        (f64x2.convert_low_i32x4_s
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (i32x4.extend_high_i16x8_s (local.get $mixed))
            (i32x4.extend_high_i16x8_s (local.get $mixed)))))
      (local.set $mixed
        (i8x16.shuffle 8 9 24 25 10 11 26 27 12 13 28 29 14 15 30 31
          (v128.load (local.get $above))
          (v128.load (local.get $below))))
      (v128.store offset=64
        (local.get $out)
        (f64x2.convert_low_i32x4_s (i32x4.extend_low_i16x8_s (local.get $mixed))))
      (v128.store offset=80
        (local.get $out)
        (f64x2.convert_low_i32x4_s
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (i32x4.extend_low_i16x8_s (local.get $mixed))
            (i32x4.extend_low_i16x8_s (local.get $mixed)))))
      (v128.store offset=96
        (local.get $out)
        (f64x2.convert_low_i32x4_s (i32x4.extend_high_i16x8_s (local.get $mixed))))
      (v128.store offset=112
        (local.get $out)
        (f64x2.convert_low_i32x4_s
          (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31
            (i32x4.extend_high_i16x8_s (local.get $mixed))
            (i32x4.extend_high_i16x8_s (local.get $mixed)))))
      (local.set $above (i32.add (local.get $above) (i32.const 16)))
      (local.set $below (i32.add (local.get $below) (i32.const 16)))
      (local.set $out (i32.add (local.get $out) (i32.const 128)))
      (br_if $next (i32.lt_u (local.get $above) (local.get $end)))))

  ;; Means of pairs by a table: the upper and the lower row of means, as 32-bit floats.
  (func (export "averagePairs")
    (param $table i32) (param $end i32) (param $upper i32) (param $lower i32)
    (local $at i32) (local $last i32) (local $sum v128)
    (loop $next
      (local.set $at (i32.load (local.get $table)))
      (local.set $last (i32.load offset=4 (local.get $table)))
      (local.set $sum (v128.load64_splat offset=8 (local.get $table)))
      (local.set $table (i32.add (local.get $table) (i32.const 16)))
      (loop $each
        (local.set $sum
          (f64x2.add (local.get $sum) (f64x2.mul (v128.load64_splat (local.get $table)) (v128.load (local.get $at)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (local.set $table (i32.add (local.get $table) (i32.const 8)))
        (br_if $each (i32.lt_u (local.get $at) (local.get $last))))
      (local.set $sum (f32x4.demote_f64x2_zero (local.get $sum)))
      (v128.store32_lane 0 (local.get $upper) (local.get $sum))
      (v128.store32_lane 1 (local.get $lower) (local.get $sum))
      (local.set $upper (i32.add (local.get $upper) (i32.const 4)))
      (local.set $lower (i32.add (local.get $lower) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $table) (local.get $end)))))

  ;; Means of rows by one entry of a table, two columns a turn.
  (func (export "averageRows")
    (param $table i32) (param $out i32) (param $end i32) (param $stride i32)
    (local $column i32) (local $at i32) (local $last i32) (local $weight i32) (local $sum v128)
    (loop $next
      (local.set $at (i32.add (i32.load (local.get $table)) (local.get $column)))
      (local.set $last (i32.add (i32.load offset=4 (local.get $table)) (local.get $column)))
      (local.set $weight (local.get $table))
      (local.set $sum (v128.load64_splat offset=8 (local.get $table)))
      (loop $each
        (local.set $sum
          (f64x2.add
            (local.get $sum)
            (f64x2.mul
              (v128.load64_splat offset=16 (local.get $weight))
              (f64x2.promote_low_f32x4 (v128.load64_zero (local.get $at))))))
        (local.set $at (i32.add (local.get $at) (local.get $stride)))
        (local.set $weight (i32.add (local.get $weight) (i32.const 8)))
        (br_if $each (i32.lt_u (local.get $at) (local.get $last))))
      (v128.store64_lane 0 (local.get $out) (f32x4.demote_f64x2_zero (local.get $sum)))
      (local.set $out (i32.add (local.get $out) (i32.const 8)))
      (local.set $column (i32.add (local.get $column) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $out) (local.get $end))))))
