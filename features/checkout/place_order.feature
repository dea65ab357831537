@buying
Feature: From cart to order
  Either there is an order, paid and promised, or everything is as it was.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And a product "cap" at 9.90 EUR with stock 5

  Scenario: A sale
    Given ann has 2 "shirt" in her cart
    And ann has 1 "cap" in her cart
    When ann checks out
    Then ann's order is placed
    And ann's order has 2 "shirt" at 19.90 EUR, together 39.80 EUR
    And ann's order comes to 49.70 EUR
    And ann's order is paid with 49.70 EUR
    And the stock of "shirt" is 5 on hand, 0 reserved, 2 allocated, 3 available

  Scenario: Who may see the order
    Given ann has 1 "shirt" in her cart
    When ann checks out
    Then ann sees her order with the token that she was given
    And the merchant sees ann's order
    And nobody sees ann's order without a token
    And bob does not see ann's order with a token of his own

  Scenario: Who may call the order off
    Given ann has 1 "shirt" in her cart
    When ann checks out
    And bob cancels ann's order without a token
    Then bob is told not_found
    When bob cancels ann's order with a token of his own
    Then bob is told not_found
    And ann's order is placed
    And the stock of "shirt" is 5 on hand, 0 reserved, 1 allocated, 4 available
    When ann cancels her order
    Then ann's order is cancelled

  Scenario: The order keeps what was bought
    Given ann has 1 "shirt" in her cart
    When ann checks out
    And the merchant sets the price of "shirt" to 99.00 EUR
    And the merchant renames "shirt" to "Chemise"
    Then ann's order has 1 "shirt" at 19.90 EUR, together 19.90 EUR

  Scenario: An empty cart
    When ann opens a cart in EUR
    And ann checks out
    Then ann is told cart_empty
    And nobody without an order was charged

  Scenario: The cart is an order now
    Given ann has 1 "shirt" in her cart
    When ann checks out
    Then ann's cart is closed
    When ann puts 1 "cap" into her cart
    Then ann is told cart_closed

  Scenario: Sold out meanwhile
    Given ann has 5 "shirt" in her cart
    And bob has 1 "shirt" in his cart
    When bob checks out
    And ann checks out
    Then ann is told out_of_stock with 4 available
    And ann's cart is open
    And nobody without an order was charged
    When ann changes her "shirt" to 4
    And ann checks out
    Then ann's order is placed

  Scenario: A coupon is used up by an order, and only by an order
    Given a coupon "ONCE" of 10 % that can be used 1 time
    And ann has 1 "shirt" in her cart
    And bob has 1 "shirt" in his cart
    And ann uses the coupon "ONCE"
    And bob uses the coupon "ONCE"
    When ann checks out with a card that is declined
    And bob checks out
    Then bob's order comes to 17.91 EUR
    When ann checks out expecting 17.91 EUR
    Then ann is told price_changed with a total of 19.90 EUR

  Scenario: Nothing to pay
    Given a coupon "GIFT" of 100 %
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "GIFT"
    When ann checks out
    Then ann's order is placed
    And ann's order comes to 0.00 EUR
    And ann's order has no payment

  Scenario: Something must be shipped
    Given a shipping method "Standard" at 4.90 EUR to DE
    And ann has 1 "shirt" in her cart
    When ann checks out
    Then ann is told address_required
    When ann wants it sent to Germany
    And ann checks out
    Then ann is told shipping_method_required
    When ann chooses "Standard"
    And ann checks out
    Then ann's order comes to 24.80 EUR
    And ann's order goes to Germany by "Standard"

  Scenario: An order called off gives the money and the stock back
    Given ann has 2 "shirt" in her cart
    When ann checks out
    And ann cancels her order
    Then ann's order is cancelled
    And ann was given back 39.80 EUR
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available
