Feature: Tax, to the cent
  Where prices include tax it is taken out of them, elsewhere it is added. Shares are rounded so that they add up.

  Scenario: Included, and shipping too
    Given a product "shirt" at 19.99 EUR with stock 10
    And a tax "VAT 19 %" of 19 % in DE, included in prices and shipping
    And a shipping method "Standard" at 4.90 EUR to DE
    And ann has 1 "shirt" in her cart
    When ann wants it sent to Germany
    And ann chooses "Standard"
    Then ann's cart comes to 24.89 EUR
    And 3.97 EUR of it is tax

  Scenario: Two rates in one cart
    Given a product "shirt" at 19.90 EUR with stock 10
    And a product "book" at 10.70 EUR in the tax category "books"
    And a tax "VAT 19 %" of 19 % in DE, included in prices
    And a tax "VAT 7 %" of 7 % in DE for "books", included in prices
    And ann has 1 "shirt" in her cart
    And ann has 1 "book" in her cart
    When ann wants it sent to Germany
    Then ann's cart comes to 30.60 EUR
    And 3.18 EUR of ann's cart is "VAT 19 %"
    And 0.70 EUR of ann's cart is "VAT 7 %"

  Scenario: Added, by region
    Given a product "shirt" at 20.00 USD with stock 10
    And a tax "Sales tax" of 4 % in US, added to prices
    And a tax "New York" of 8.875 % in US, region "NY", added to prices
    And ann has 1 "shirt" in her cart
    When ann wants it sent to the United States, region "NY"
    Then ann's cart comes to 21.78 USD
    When ann wants it sent to the United States, region "OR"
    Then ann's cart comes to 20.80 USD

  Scenario: Two taxes of one place
    Given a product "shirt" at 20.00 CAD with stock 10
    And a tax "GST" of 5 % in CA, region "BC", added to prices
    And a tax "PST" of 7 % in CA, region "BC", added to prices
    And ann has 1 "shirt" in her cart
    When ann wants it sent to Canada, region "BC"
    Then ann's cart comes to 22.40 CAD
    And 1.00 CAD of ann's cart is "GST"
    And 1.40 CAD of ann's cart is "PST"

  Scenario: A discount lowers the tax
    Given a product "shirt" at 20.00 USD with stock 10
    And a tax "Sales tax" of 10 % in US, added to prices
    And a coupon "HALF" of 50 %
    And ann has 1 "shirt" in her cart
    And ann uses the coupon "HALF"
    When ann wants it sent to the United States
    Then ann's cart comes to 11.00 USD
    And 1.00 USD of it is tax

  Scenario: Elsewhere there is none
    Given a product "shirt" at 19.90 EUR with stock 10
    And a tax "VAT 19 %" of 19 % in DE, included in prices
    And ann has 1 "shirt" in her cart
    When ann wants it sent to Switzerland
    Then ann's cart comes to 19.90 EUR
    And 0.00 EUR of it is tax
