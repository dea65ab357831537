Feature: What coupons come to
  Percents first, then amounts, then shipping; each from what those before left, and never below nothing.

  Background:
    Given a product "shirt" at 19.99 EUR with stock 10
    And a product "cap" at 9.99 EUR with stock 10

  Scenario: A third of three things adds up
    Given a coupon "THIRD" of 33.3333 %
    And ann has 1 "shirt" in her cart
    And ann has 2 "cap" in her cart
    When ann uses the coupon "THIRD"
    Then 13.32 EUR are taken off ann's cart
    And ann's cart comes to 26.65 EUR

  Scenario: Only on what it is for
    Given a coupon "CAPS" of 50 % on "cap"
    And ann has 1 "shirt" in her cart
    And ann has 1 "cap" in her cart
    When ann uses the coupon "CAPS"
    Then ann's cart comes to 24.98 EUR

  Scenario: Never below nothing
    Given a coupon "TWENTY" of 20.00 EUR
    And ann has 1 "cap" in her cart
    When ann uses the coupon "TWENTY"
    Then 9.99 EUR are taken off ann's cart
    And ann's cart comes to 0.00 EUR

  Scenario: A percent, then an amount
    Given a coupon "FIVER" of 5.00 EUR
    And a coupon "TENTH" of 10 %
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "FIVER"
    And ann uses the coupon "TENTH"
    Then 7.00 EUR are taken off ann's cart
    And ann's cart comes to 12.99 EUR

  Scenario: For everyone, without a coupon
    Given 10 % off for everyone
    When ann puts 1 "shirt" into her cart
    Then ann's cart comes to 17.99 EUR

  Scenario: Free shipping
    Given a shipping method "Standard" at 4.90 EUR to DE
    And a coupon "SHIPFREE" for free shipping
    And ann has 1 "shirt" in her cart
    And ann wants it sent to Germany
    And ann chooses "Standard"
    When ann uses the coupon "SHIPFREE"
    Then 4.90 EUR are taken off ann's cart
    And ann's cart comes to 19.99 EUR

  Scenario: Over
    Given a coupon "LATE" of 10 % that ended yesterday
    And ann has 1 "shirt" in her cart
    When ann uses the coupon "LATE"
    Then ann is told coupon_not_applicable

  Scenario: An amount in another currency
    Given a product "mug" at 8.00 USD with stock 10
    And a coupon "FIVER" of 5.00 EUR
    And ann has 1 "mug" in her cart
    When ann uses the coupon "FIVER"
    Then ann is told coupon_not_applicable

  Scenario: Used up
    Given a coupon "ONCE" of 10 % that can be used 1 time
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "ONCE"
    When ann checks out
    Then ann's order comes to 17.99 EUR
    Given bob has 1 "shirt" in his cart
    When bob uses the coupon "ONCE"
    Then bob is told coupon_not_applicable

  Scenario: A cancelled order has not used it up
    Given a coupon "ONCE" of 10 % that can be used 1 time
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "ONCE"
    When ann checks out
    And ann cancels her order
    And ann cancels her order
    And bob has 1 "shirt" in his cart
    And bob uses the coupon "ONCE"
    And bob checks out
    Then bob's order comes to 17.99 EUR
    Given cat has 1 "shirt" in her cart
    When cat uses the coupon "ONCE"
    Then cat is told coupon_not_applicable

  Scenario: Used up while it was in the cart
    Given a coupon "ONCE" of 10 % that can be used 1 time
    And ann has 1 "shirt" in her cart
    And bob has 1 "shirt" in his cart
    And ann uses the coupon "ONCE"
    And bob uses the coupon "ONCE"
    When ann checks out
    Then ann's order comes to 17.99 EUR
    When bob checks out
    Then bob is told coupon_not_applicable

  Scenario: Given back is what was paid
    Given a coupon "TENTH" of 10 %
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "TENTH"
    When ann checks out
    And ann cancels her order
    Then ann was given back 17.99 EUR
