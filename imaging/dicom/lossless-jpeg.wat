;; Rows of JPEG lossless (ITU-T T.81 annex H) whose predictor is the pixel to the left. The next bits are kept at the top of a
;; word of 64 bits, which is filled without a branch; a look-up of 13 bits gives the differences of the next two pixels where both
;; fit. Memory:
;;        0  pairs: 8,192 words, 0 where no code fits; from the lowest bit: bits used (4), nothing (2, so that the word itself is
;;           a shift), bytes of pixels, 2 or 4 (2 bits), second difference or 0 (12), difference (12)
;;   32,768  limits, 32,896 offsets: 17 words each, by code length
;;   33,024  symbols; then words and data, where they are given
;; For each pixel of a row four zero bytes must follow the data, and eight more.
(module
  (import "env" "memory" (memory 1))

  ;; Decodes from data into out; 1, or 0 where the bits run out or no code fits them.
  (func (export "rows")
    (param $data i32) (param $bytes i32) (param $out i32) (param $rows i32) (param $rowBytes i32) (param $first i32)
    (result i32)
    (local $at i32) (local $last i32) (local $end i32) (local $next i32) (local $window i64) (local $held i32)
    (local $entry i32) (local $used i32) (local $value i32) (local $predicted i32) (local $ahead i32) (local $length i32)
    (local $extra i32) (local $difference i32) (local $more v128)
    (local.set $entry (i32.const 1))
    (local.set $next (local.get $data))
    (local.set $predicted (local.get $first))
    (local.set $at (local.get $out))
    (local.set $end (i32.add (local.get $out) (i32.mul (local.get $rows) (local.get $rowBytes))))
    (loop $row
      (local.set $last (i32.sub (i32.add (local.get $at) (local.get $rowBytes)) (i32.const 2)))
      (loop $pixel
        ;; At least 56 bits: what is held already is the same bits again.
        (local.set $more (v128.load64_zero (local.get $next)))
        (local.set $window
          (i64.or
            (local.get $window)
            (i64.shr_u
              (i64x2.extract_lane 0
                (i8x16.shuffle 7 6 5 4 3 2 1 0 7 6 5 4 3 2 1 0 (local.get $more) (local.get $more)))
              (i64.extend_i32_u (local.get $held)))))
        (local.set $next
          (i32.add (local.get $next) (i32.shr_u (i32.sub (i32.const 63) (local.get $held)) (i32.const 3))))
        (local.set $held (i32.or (local.get $held) (i32.const 56)))
        ;; Four look-ups of 13 bits, unless one of the last four found no code. One that finds none changes nothing, so that
        ;; those after it find none either.
        (if
          (i32.and
            (i32.ne (local.get $entry) (i32.const 0))
            (i32.le_u (i32.add (local.get $at) (i32.const 16)) (local.get $last)))
          (then
            (local.set $entry
              (i32.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 49))) (i32.const 32764))))
            (local.set $value (i32.add (local.get $predicted) (i32.shr_s (local.get $entry) (i32.const 20))))
            (i32.store16 (local.get $at) (local.get $value))
            (local.set $predicted
              (i32.add (local.get $value) (i32.shr_s (i32.shl (local.get $entry) (i32.const 12)) (i32.const 20))))
            (i32.store16 offset=2 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.shr_u (local.get $entry) (i32.const 5)) (i32.const 6))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $entry))))
            (local.set $held (i32.sub (local.get $held) (i32.and (local.get $entry) (i32.const 15))))

            (local.set $entry
              (i32.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 49))) (i32.const 32764))))
            (local.set $value (i32.add (local.get $predicted) (i32.shr_s (local.get $entry) (i32.const 20))))
            (i32.store16 (local.get $at) (local.get $value))
            (local.set $predicted
              (i32.add (local.get $value) (i32.shr_s (i32.shl (local.get $entry) (i32.const 12)) (i32.const 20))))
            (i32.store16 offset=2 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.shr_u (local.get $entry) (i32.const 5)) (i32.const 6))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $entry))))
            (local.set $held (i32.sub (local.get $held) (i32.and (local.get $entry) (i32.const 15))))

            (local.set $entry
              (i32.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 49))) (i32.const 32764))))
            (local.set $value (i32.add (local.get $predicted) (i32.shr_s (local.get $entry) (i32.const 20))))
            (i32.store16 (local.get $at) (local.get $value))
            (local.set $predicted
              (i32.add (local.get $value) (i32.shr_s (i32.shl (local.get $entry) (i32.const 12)) (i32.const 20))))
            (i32.store16 offset=2 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.shr_u (local.get $entry) (i32.const 5)) (i32.const 6))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $entry))))
            (local.set $held (i32.sub (local.get $held) (i32.and (local.get $entry) (i32.const 15))))

            (local.set $entry
              (i32.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 49))) (i32.const 32764))))
            (local.set $value (i32.add (local.get $predicted) (i32.shr_s (local.get $entry) (i32.const 20))))
            (i32.store16 (local.get $at) (local.get $value))
            (local.set $predicted
              (i32.add (local.get $value) (i32.shr_s (i32.shl (local.get $entry) (i32.const 12)) (i32.const 20))))
            (i32.store16 offset=2 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.shr_u (local.get $entry) (i32.const 5)) (i32.const 6))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $entry))))
            (local.set $held (i32.sub (local.get $held) (i32.and (local.get $entry) (i32.const 15))))
            (br $pixel)))
        ;; A row's last pixel is decoded alone, since the next one is predicted by another.
        (local.set $entry
          (i32.load (i32.and (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 49))) (i32.const 32764))))
        (if (i32.and (i32.ne (local.get $entry) (i32.const 0)) (i32.lt_u (local.get $at) (local.get $last)))
          (then
            (local.set $value (i32.add (local.get $predicted) (i32.shr_s (local.get $entry) (i32.const 20))))
            (i32.store16 (local.get $at) (local.get $value))
            (local.set $predicted
              (i32.add (local.get $value) (i32.shr_s (i32.shl (local.get $entry) (i32.const 12)) (i32.const 20))))
            (i32.store16 offset=2 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.and (i32.shr_u (local.get $entry) (i32.const 5)) (i32.const 6))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $entry))))
            (local.set $held (i32.sub (local.get $held) (i32.and (local.get $entry) (i32.const 15)))))
          (else
            (local.set $ahead (i32.wrap_i64 (i64.shr_u (local.get $window) (i64.const 48))))
            (local.set $length (i32.const 0))
            (block $found
              (loop $longer
                (local.set $length (i32.add (local.get $length) (i32.const 1)))
                (br_if $found
                  (i32.lt_u
                    (local.get $ahead)
                    (i32.load offset=32768 (i32.shl (local.get $length) (i32.const 2)))))
                (br_if $longer (i32.lt_u (local.get $length) (i32.const 16))))
              (return (i32.const 0)))
            ;; The symbol is the difference's size in bits (T.81 table H.2); 16 has none.
            (local.set $extra
              (i32.load8_u offset=33024
                (i32.add
                  (i32.shr_u (local.get $ahead) (i32.sub (i32.const 16) (local.get $length)))
                  (i32.load offset=32896 (i32.shl (local.get $length) (i32.const 2))))))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $length))))
            (local.set $held (i32.sub (local.get $held) (local.get $length)))
            (local.set $used (i32.and (local.get $extra) (i32.const 15)))
            (local.set $difference (i32.const 0))
            (if (i32.eq (local.get $extra) (i32.const 16)) (then (local.set $difference (i32.const 32768))))
            (if (local.get $used)
              (then
                (local.set $difference
                  (i32.wrap_i64
                    (i64.shr_u
                      (local.get $window)
                      (i64.extend_i32_u (i32.sub (i32.const 64) (local.get $used))))))
                (if
                  (i32.eqz
                    (i32.shr_u (local.get $difference) (i32.sub (local.get $used) (i32.const 1))))
                  (then
                    (local.set $difference
                      (i32.add
                        (i32.sub (local.get $difference) (i32.shl (i32.const 1) (local.get $used)))
                        (i32.const 1)))))))
            (local.set $predicted (i32.add (local.get $predicted) (local.get $difference)))
            (i32.store16 (local.get $at) (local.get $predicted))
            (local.set $at (i32.add (local.get $at) (i32.const 2)))
            (local.set $window (i64.shl (local.get $window) (i64.extend_i32_u (local.get $used))))
            (local.set $held (i32.sub (local.get $held) (local.get $used)))
            (local.set $entry (i32.const 1))))
        (br_if $pixel (i32.le_u (local.get $at) (local.get $last))))
      ;; Zeros follow the last bit: a frame that reads them is cut off.
      (if
        (i32.gt_u
          (i32.sub (i32.sub (local.get $next) (local.get $data)) (i32.shr_u (local.get $held) (i32.const 3)))
          (local.get $bytes))
        (then (return (i32.const 0))))
      ;; A row begins from the one above.
      (local.set $predicted (i32.load16_u (i32.sub (local.get $at) (local.get $rowBytes))))
      (br_if $row (i32.lt_u (local.get $at) (local.get $end))))
    (i32.const 1)))
