Feature: Coupons
  A coupon that takes nothing off is refused when it is typed, not at the till.

  Background:
    Given a product "shirt" at 20.00 EUR with stock 10
    And a coupon "TENOFF" of 10 %
    And a coupon "FIVER" of 5.00 EUR
    And a coupon "BIGSPENDER" of 20 % from 100.00 EUR on

  Scenario: A part of the price
    Given ann has 2 "shirt" in her cart
    When ann uses the coupon "TENOFF"
    Then 4.00 EUR are taken off ann's cart
    And ann's cart comes to 36.00 EUR

  Scenario: An amount
    Given ann has 1 "shirt" in her cart
    When ann uses the coupon "FIVER"
    Then ann's cart comes to 15.00 EUR

  Scenario: Letter case does not matter
    Given ann has 1 "shirt" in her cart
    When ann uses the coupon "tenoff"
    Then ann's cart comes to 18.00 EUR
    When ann uses the coupon "TENOFF"
    Then ann's cart comes to 18.00 EUR
    And ann's cart has 1 coupon

  Scenario: No such coupon
    Given ann has 1 "shirt" in her cart
    When ann uses the coupon "NOSUCH"
    Then ann is told coupon_not_applicable
    And ann's cart has 0 coupons

  Scenario: Not enough in the cart for it
    Given ann has 1 "shirt" in her cart
    When ann uses the coupon "BIGSPENDER"
    Then ann is told coupon_not_applicable

  Scenario: Nothing in the cart
    When ann opens a cart in EUR
    And ann uses the coupon "TENOFF"
    Then ann is told coupon_not_applicable

  Scenario: A coupon that no longer fits stays, and says why it does nothing
    Given ann has 5 "shirt" in her cart
    And ann uses the coupon "BIGSPENDER"
    When ann changes her "shirt" to 1
    Then ann's cart comes to 20.00 EUR
    And ann's coupon "BIGSPENDER" takes nothing off, and says why

  Scenario: Without it again
    Given ann has 1 "shirt" in her cart
    And ann uses the coupon "TENOFF"
    When ann takes the coupon "TENOFF" back
    Then ann's cart comes to 20.00 EUR
    When ann takes the coupon "TENOFF" back
    Then ann's cart comes to 20.00 EUR
