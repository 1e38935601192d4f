;; A model moved by the mean change, four coordinates a turn: values = float32(values + sums / total * unit),
;; in 64-bit floats that are rounded where JavaScript rounds them.
(module
  (import "env" "memory" (memory 1))

  ;; Addresses of the values, of their end, of the 32-bit sums, and of the constants: total and unit (64-bit floats), then
  ;; four floats that become NaN where a result is infinite or NaN.
  (func (export "move")
    (param $at i32) (param $end i32) (param $sums i32) (param $constants i32)
    (local $total v128) (local $unit v128) (local $doubt v128) (local $values v128) (local $change v128)
    (local $lower v128) (local $upper v128)
    (local.set $total (v128.load64_splat (local.get $constants)))
    (local.set $unit (v128.load64_splat offset=8 (local.get $constants)))
    (local.set $doubt (v128.load offset=16 (local.get $constants)))
    (loop $next
      (local.set $values (v128.load (local.get $at)))
      (local.set $change (v128.load (local.get $sums)))
      (local.set $lower
        (f32x4.demote_f64x2_zero
          (f64x2.add
            (f64x2.promote_low_f32x4 (local.get $values))
            (f64x2.mul
              (f64x2.div (f64x2.convert_low_i32x4_s (local.get $change)) (local.get $total))
              (local.get $unit)))))
      (local.set $upper
        (f32x4.demote_f64x2_zero
          (f64x2.add
            (f64x2.promote_low_f32x4
              (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $values) (local.get $values)))
            (f64x2.mul
              (f64x2.div
                (f64x2.convert_low_i32x4_s
                  (i8x16.shuffle 8 9 10 11 12 13 14 15 8 9 10 11 12 13 14 15 (local.get $change) (local.get $change)))
                (local.get $total))
              (local.get $unit)))))
      (local.set $values
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $lower) (local.get $upper)))
      (v128.store (local.get $at) (local.get $values))
      (local.set $doubt (f32x4.add (local.get $doubt) (f32x4.sub (local.get $values) (local.get $values))))
      (local.set $at (i32.add (local.get $at) (i32.const 16)))
      (local.set $sums (i32.add (local.get $sums) (i32.const 16)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (v128.store offset=16 (local.get $constants) (local.get $doubt))))
