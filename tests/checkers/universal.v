(* Lemma 7 as printed is false for every z and every eps, in whole numbers: the theorem `negative-moment` of
   src/tickets/certificates/theorems.toml, which reduces it to the inequality below, for each d from 11 to 64 at its least k and at
   every larger one. Checked by `coqc universal.v` (Coq 8.16 or later). *)

From Coq Require Import ZArith List Lia.
Import ListNotations.
Open Scope Z_scope.

(* (k - 2)(k - 4)...(k - 2 i) *)
Fixpoint product (k : Z) (i : nat) : Z :=
  match i with
  | O => 1
  | S j => (k - 2 * Z.of_nat i) * product k j
  end.

(* Moments of order a = floor(d/2) and b = ceil(d/2) are finite, and the square of the largest probability is below that of the bound.
   c_d = 1/m^2 with m = max(d, 4). *)
Definition is_false (d : nat) (k : Z) : Prop :=
  let a := Nat.div2 d in
  let b := Nat.div2 (S d) in
  let m := Z.max (Z.of_nat d) 4 in
  2 * Z.of_nat b < k /\
  256 * ((m * m + 2 * m + 2) * k) ^ Z.of_nat d < (2 * m * m) ^ Z.of_nat d * (product k a * product k b).

(* What can be computed of it, and of a + b = d. *)
Definition computed (d : nat) (k : Z) : bool :=
  let a := Nat.div2 d in
  let b := Nat.div2 (S d) in
  let m := Z.max (Z.of_nat d) 4 in
  ((Nat.add a b =? d)%nat && (Nat.leb a b)%nat && (2 * Z.of_nat b <? k) &&
  (256 * ((m * m + 2 * m + 2) * k) ^ Z.of_nat d <? (2 * m * m) ^ Z.of_nat d * (product k a * product k b)))%bool.

(* Each d with the least k at which it holds. *)
Definition least : list (nat * Z) := [
  (11%nat, 813); (12%nat, 113); (13%nat, 72); (14%nat, 57); (15%nat, 51); (16%nat, 47); (17%nat, 45); (18%nat, 44);
  (19%nat, 43); (20%nat, 43); (21%nat, 43); (22%nat, 43); (23%nat, 44); (24%nat, 44); (25%nat, 45); (26%nat, 46);
  (27%nat, 46); (28%nat, 47); (29%nat, 48); (30%nat, 49); (31%nat, 50); (32%nat, 51); (33%nat, 52); (34%nat, 52);
  (35%nat, 53); (36%nat, 54); (37%nat, 55); (38%nat, 56); (39%nat, 57); (40%nat, 58); (41%nat, 59); (42%nat, 60);
  (43%nat, 62); (44%nat, 63); (45%nat, 64); (46%nat, 65); (47%nat, 66); (48%nat, 67); (49%nat, 68); (50%nat, 69);
  (51%nat, 70); (52%nat, 71); (53%nat, 72); (54%nat, 73); (55%nat, 74); (56%nat, 76); (57%nat, 77); (58%nat, 78);
  (59%nat, 79); (60%nat, 80); (61%nat, 81); (62%nat, 82); (63%nat, 83); (64%nat, 84)].

Lemma product_positive : forall i k, 2 * Z.of_nat i < k -> 0 < product k i.
Proof.
  induction i as [| i IH]; intros k inside.
  - reflexivity.
  - cbn [product]. apply Z.mul_pos_pos; [lia |]. apply IH. lia.
Qed.

(* product k i / k^i grows with k. *)
Lemma product_grows : forall i k k', 2 * Z.of_nat i < k -> k <= k' ->
  product k i * k' ^ Z.of_nat i <= product k' i * k ^ Z.of_nat i.
Proof.
  induction i as [| i IH]; intros k k' inside larger.
  - cbn. lia.
  - cbn [product].
    replace (Z.of_nat (S i)) with (Z.succ (Z.of_nat i)) in * by lia.
    rewrite !Z.pow_succ_r by lia.
    remember (2 * Z.succ (Z.of_nat i)) as s eqn:is_s.
    replace ((k - s) * product k i * (k' * k' ^ Z.of_nat i))
      with ((k - s) * k' * (product k i * k' ^ Z.of_nat i)) by ring.
    replace ((k' - s) * product k' i * (k * k ^ Z.of_nat i))
      with ((k' - s) * k * (product k' i * k ^ Z.of_nat i)) by ring.
    apply Z.mul_le_mono_nonneg.
    + apply Z.mul_nonneg_nonneg; lia.
    + assert (0 <= s * (k' - k)) by (apply Z.mul_nonneg_nonneg; lia). lia.
    + apply Z.mul_nonneg_nonneg.
      * apply Z.lt_le_incl, product_positive. lia.
      * apply Z.pow_nonneg. lia.
    + apply IH; lia.
Qed.

Lemma from_then_on : forall d k k', computed d k = true -> k <= k' -> is_false d k'.
Proof.
  intros d k k' holds larger. unfold computed in holds.
  apply andb_prop in holds as [holds below]. apply andb_prop in holds as [holds finite].
  apply andb_prop in holds as [sum order].
  apply Nat.eqb_eq in sum. apply Nat.leb_le in order. apply Z.ltb_lt in finite, below.
  unfold is_false.
  set (a := Nat.div2 d) in *. set (b := Nat.div2 (S d)) in *. set (m := Z.max (Z.of_nat d) 4) in *.
  split; [lia |].
  assert (split_d : Z.of_nat d = Z.of_nat a + Z.of_nat b) by lia.
  assert (0 < k) by lia.
  set (A := m * m + 2 * m + 2) in *. set (N := 2 * m * m) in *.
  assert (0 < m) by (unfold m; lia).
  assert (0 < N) by (unfold N; apply Z.mul_pos_pos; lia).
  apply (Z.mul_lt_mono_pos_r (k ^ Z.of_nat d)); [apply Z.pow_pos_nonneg; lia |].
  apply Z.lt_le_trans with (N ^ Z.of_nat d * (product k a * product k b) * k' ^ Z.of_nat d).
  - replace (256 * (A * k') ^ Z.of_nat d * k ^ Z.of_nat d)
      with (256 * (A * k) ^ Z.of_nat d * k' ^ Z.of_nat d) by (rewrite !Z.pow_mul_l; ring).
    apply Z.mul_lt_mono_pos_r; [apply Z.pow_pos_nonneg; lia | exact below].
  - rewrite split_d, !Z.pow_add_r by lia.
    replace (N ^ Z.of_nat a * N ^ Z.of_nat b * (product k a * product k b) * (k' ^ Z.of_nat a * k' ^ Z.of_nat b))
      with (N ^ Z.of_nat a * N ^ Z.of_nat b * ((product k a * k' ^ Z.of_nat a) * (product k b * k' ^ Z.of_nat b))) by ring.
    replace (N ^ Z.of_nat a * N ^ Z.of_nat b * (product k' a * product k' b) * (k ^ Z.of_nat a * k ^ Z.of_nat b))
      with (N ^ Z.of_nat a * N ^ Z.of_nat b * ((product k' a * k ^ Z.of_nat a) * (product k' b * k ^ Z.of_nat b))) by ring.
    apply Z.mul_le_mono_nonneg_l.
    + apply Z.mul_nonneg_nonneg; apply Z.pow_nonneg; lia.
    + assert (forall i, 2 * Z.of_nat i < k -> 0 <= product k i * k' ^ Z.of_nat i) as positive.
      { intros i inside. apply Z.mul_nonneg_nonneg.
        - apply Z.lt_le_incl, product_positive, inside.
        - apply Z.pow_nonneg. lia. }
      apply Z.mul_le_mono_nonneg; [apply positive | apply product_grows | apply positive | apply product_grows]; lia.
Qed.

(* The theorem: every d of the table, and every k from its least one on. *)
Theorem lemma_7_is_false : forall d k0 k, In (d, k0) least -> k0 <= k -> is_false d k.
Proof.
  assert (forallb (fun row => computed (fst row) (snd row)) least = true) as all by (vm_compute; reflexivity).
  intros d k0 k row larger. rewrite forallb_forall in all.
  exact (from_then_on d k0 k (all (d, k0) row) larger).
Qed.

(* The table's k are least: one below, the inequality does not hold. *)
Theorem the_table_is_least : forallb (fun row => negb (computed (fst row) (snd row - 1))) least = true.
Proof. vm_compute. reflexivity. Qed.

Print Assumptions lemma_7_is_false.
